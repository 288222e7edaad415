// Bad brokers: away, refusing, silent, talking nonsense; presses are taken and kept all the same.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { startInProcessBroker } from "../../../test/fakes/broker.ts";
import { CONNACK_5, type HostileSocket, startHostileBroker } from "../../../test/fakes/broker-hostile.ts";
import { freePort, type MosquittoOptions, startMosquitto } from "../../../test/fakes/mosquitto.ts";
import { until } from "../../../test/fakes/until.ts";
import { DEVICE, ROOT } from "../settings.ts";
import { startSubscriber } from "../subscriber.ts";
import { type Case, type Row, tryAll } from "./row.ts";
import { type Till, withFolder, withTill } from "./till.ts";

type Broker = NonNullable<ConfigInput["local"]["broker"]>;

const KEPT = "tried again; buttons go on, 1 press kept";

export async function brokerRows(): Promise<Row[]> {
  return await tryAll("broker", [
    {
      tried: "nothing listens",
      expected: `BROKER_UNREACHABLE, ${KEPT}`,
      run: async () => await degraded({ url: `mqtt://127.0.0.1:${await freePort()}` }),
    },
    {
      tried: "a name that does not exist",
      expected: `BROKER_UNREACHABLE, ${KEPT}`,
      run: () => degraded({ url: "mqtt://broker.invalid" }),
    },
    {
      tried: "a wrong password",
      expected: `BROKER_REFUSED, ${KEPT}`,
      run: () =>
        withFolder(async (folder) => {
          const passwordFile = join(folder, "password");
          writeFileSync(passwordFile, "wrong\n", { mode: 0o600 });
          return await withMosquitto(passwords(folder), (url) => degraded({ url, passwordFile }));
        }),
    },
    {
      tried: "TLS to a port without TLS",
      expected: `BROKER_UNREACHABLE, ${KEPT}`,
      run: () => withMosquitto({}, (url) => degraded({ url: url.replace("mqtt:", "mqtts:") })),
    },
    hostile("closes the connection at once", "BROKER_UNREACHABLE", ({ socket }) => socket.destroy()),
    hostile("accepts and says nothing", "BROKER_UNREACHABLE", () => undefined),
    hostile("answers with random bytes", "BROKER_UNREACHABLE", ({ send }) =>
      send(Buffer.from([0xff, ...randomBytes(4_096)])),
    ),
    hostile("greets, then acknowledges nothing and closes", "BROKER_LOST", ({ send, socket }) => {
      send(CONNACK_5);
      socket.once("data", () => socket.destroy());
    }),
    hostile("greets, then claims a packet of 256 MB", "BROKER_LOST", ({ send }) => {
      send(CONNACK_5);
      send(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]));
      send(randomBytes(2_000_000));
    }),
    { tried: "speaks MQTT 3.1.1 only", expected: "works; 1 press at the broker", run: oldBroker },
    {
      tried: "refuses the topics of presses",
      expected: "PUBLISH_REFUSED, kept and not sent again; buttons go on",
      run: refusing,
    },
    {
      tried: "kill -9 of the broker, and a new one at its place",
      expected: "BROKER_LOST, tried again; 2 presses at the broker",
      run: killed,
    },
  ]);
}

/** What becomes of an agent with such a broker. */
async function degraded(broker: Broker): Promise<string> {
  return await withTill({ local: { broker } }, async (till) => {
    const code = await till.degraded("uplink");
    const goesOn = await till.buttonsGoOn();
    const kept = till.events("press").length;
    return `${code}, tried again; ${goesOn}, ${kept} press kept`;
  });
}

function hostile(tried: string, code: string, behave: (client: HostileSocket) => void): Case {
  return {
    tried,
    expected: `${code}, ${KEPT}`,
    run: async () => {
      const broker = await startHostileBroker(behave);
      try {
        return await degraded({ url: broker.url });
      } finally {
        await broker.close();
      }
    },
  };
}

async function withMosquitto<T>(
  options: MosquittoOptions,
  trial: (url: string, port: number) => Promise<T>,
): Promise<T> {
  const broker = await startMosquitto(options);
  try {
    return await trial(broker.url, broker.port);
  } finally {
    await broker.dispose();
  }
}

function passwords(folder: string): MosquittoOptions {
  const file = join(folder, "passwords");
  execFileSync("mosquitto_passwd", ["-b", "-c", file, DEVICE, "right"], { stdio: "ignore" });
  const files = { passwords: readFileSync(file, "utf8") };
  return { anonymous: false, files, lines: ["password_file DIR/passwords"] };
}

async function oldBroker(): Promise<string> {
  const broker = await startInProcessBroker();
  let presses = 0;
  broker.aedes.on("publish", ({ topic }) => {
    if (topic.endsWith("event/press")) presses += 1;
  });
  try {
    return await withTill({ brokerUrl: broker.url }, async (till) => {
      await till.works("uplink");
      await till.buttonsGoOn();
      await until(() => presses > 0, "the press came");
      return `works; ${presses} press at the broker`;
    });
  } finally {
    await broker.close();
  }
}

/** Mosquitto refuses by access rules: with MQTT 5 it says so in the PUBACK. */
async function refusing(): Promise<string> {
  const rules = `topic write ${ROOT}/status\ntopic write ${ROOT}/state/#\ntopic write ${ROOT}/event/health\ntopic read #\n`;
  const options = { files: { rules }, lines: ["acl_file DIR/rules"] };
  return await withMosquitto(options, (brokerUrl) =>
    withTill({ brokerUrl }, async (till) => {
      await till.works("uplink");
      const code = await till.dropping(() => void till.buttonsGoOn());
      const goesOn = await till.buttonsGoOn();
      const refusals = (): string[] =>
        till.agent.lines.flatMap(({ fault }) => (fault?.code === "PUBLISH_REFUSED" ? [fault.message] : []));
      await until(() => new Set(refusals()).size >= 2, "both presses were refused");
      if (refusals().length > 2) return `sent again: ${refusals().join("; ")}`;
      return `${code}, kept and not sent again; ${till.events("press").length === 2 ? goesOn : "a press is missing"}`;
    }),
  );
}

async function killed(): Promise<string> {
  const broker = await startMosquitto({ lines: ["persistence true", "persistence_location DIR/"] });
  try {
    return await withTill({ brokerUrl: broker.url }, async (till: Till) => {
      await till.works("uplink");
      const after = till.agent.lines.length;
      await broker.stop("SIGKILL");
      const code = await till.degraded("uplink", after);
      await till.buttonsGoOn();
      await broker.start();
      const subscriber = await startSubscriber(broker.port, ROOT);
      try {
        await till.buttonsGoOn();
        const presses = (): number => subscriber.arrived.filter(({ type }) => type === "press").length;
        await until(() => presses() >= 2, "both presses came");
        return `${code}, tried again; ${presses()} presses at the broker`;
      } finally {
        await subscriber.end();
      }
    });
  } finally {
    await broker.dispose();
  }
}
