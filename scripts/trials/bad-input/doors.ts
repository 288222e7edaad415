// Bad requests at the local doors: refused with a code, or counted once; the buttons go on.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import mqtt from "mqtt";
import { freePort, startMosquitto } from "../../../test/fakes/mosquitto.ts";
import { until } from "../../../test/fakes/until.ts";
import { DEVICE, TOUCHPOINT } from "../settings.ts";
import { type Case, type Row, tryAll } from "./row.ts";
import { type Till, withFolder, withTill } from "./till.ts";

const SECRET = "of-the-shop";
const SALE = { touchpoint: TOUCHPOINT, transaction: "4711", amount: 12.5 };

/** Asks a door; says the status, and the code where it refused. */
type Ask = (path: string, body: string | Buffer, key?: string) => Promise<string>;

/** What both doors have to refuse, or count once. */
function common(till: Till, ask: Ask): Case[] {
  const refused = (tried: string, expected: string, body: string | Buffer, path = "transactions"): Case => ({
    tried,
    expected: `${expected}; buttons go on`,
    run: async () => `${await ask(path, body)}; ${await till.buttonsGoOn()}`,
  });
  const sales = (transaction: string): number =>
    till.events("transaction").filter(({ data }) => data.transaction === transaction).length;
  return [
    refused("nothing", "400 DOOR_BODY", ""),
    refused("a sale cut in half", "400 DOOR_BODY", JSON.stringify(SALE).slice(0, 30)),
    refused("random bytes", "400 DOOR_BODY", Buffer.concat([Buffer.from([0xff]), randomBytes(4_096)])),
    refused("a number for a word", "400 DOOR_BODY", JSON.stringify({ ...SALE, transaction: 7 })),
    refused("an unknown field", "400 DOOR_BODY", JSON.stringify({ ...SALE, isAdmin: true })),
    refused("200 kilobytes", "413 DOOR_LENGTH", JSON.stringify({ ...SALE, transaction: "x".repeat(200_000) })),
    refused("a touchpoint that is not there", "404 TOUCHPOINT_UNKNOWN", JSON.stringify({ ...SALE, touchpoint: "x" })),
    refused(
      "a code of 257 characters",
      "400 DOOR_BODY",
      JSON.stringify({ pad: "good", code: "9".repeat(257) }),
      "scans",
    ),
    refused(
      "a comment of 1001 characters",
      "400 DOOR_BODY",
      JSON.stringify({ touchpoint: TOUCHPOINT, action: "answer", text: "x".repeat(1_001) }),
      "surveys",
    ),
    refused(
      "a comment where nothing is asked",
      "400 ANSWER_INVALID",
      JSON.stringify({ touchpoint: TOUCHPOINT, action: "answer", text: "\u0000\u202e<script>" }),
      "surveys",
    ),
    refused("a path that is not there", "404 DOOR_ROUTE", "{}", "constructor"),
    refused("a key with a blank", "400 DOOR_KEY", JSON.stringify({ ...SALE, key: "a b" })),
    {
      tried: "the same sale ten times at once under one key, and once more",
      expected: "10 answered, then 200; 1 sale",
      run: async () => {
        const body = JSON.stringify({ ...SALE, transaction: "once" });
        const said = await Promise.all(Array.from({ length: 10 }, () => ask("transactions", body, "k-1")));
        const answered = said.filter((text) => text === "201" || text === "200").length;
        return `${answered} answered, then ${await ask("transactions", body, "k-1")}; ${sales("once")} sale`;
      },
    },
    {
      tried: "another sale under a key that was used",
      expected: "400 DOOR_KEY; 0 sales",
      run: async () => {
        const said = await ask("transactions", JSON.stringify({ ...SALE, transaction: "other" }), "k-1");
        return `${said}; ${sales("other")} sales`;
      },
    },
  ];
}

export async function httpDoorRows(): Promise<Row[]> {
  return await withFolder(async (folder) => {
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, SECRET, { mode: 0o600 });
    const port = await freePort();
    return await withTill({ local: { http: { port, tokenFile } } }, async (till) => {
      await till.works("door");
      const post = async (path: string, body: string | Buffer, headers: Record<string, string>): Promise<string> => {
        const all = { authorization: `Bearer ${SECRET}`, "content-type": "application/json", ...headers };
        const url = `http://127.0.0.1:${port}/v1/${path}`;
        const response = await fetch(url, { method: "POST", headers: all, body: new Uint8Array(Buffer.from(body)) });
        const { error } = (await response.json()) as { error?: { code: string } };
        return error === undefined ? String(response.status) : `${response.status} ${error.code}`;
      };
      const ask: Ask = (path, body, key) => post(path, body, key === undefined ? {} : { "idempotency-key": key });
      // The key is no field of a body there.
      const cases = common(till, ask).filter(({ tried }) => tried !== "a key with a blank");
      const posts = (tried: string, expected: string, headers: Record<string, string>): Case => ({
        tried,
        expected: `${expected}; buttons go on`,
        run: async () => `${await post("transactions", JSON.stringify(SALE), headers)}; ${await till.buttonsGoOn()}`,
      });
      return await tryAll("HTTP door", [
        ...cases,
        posts("a key with a blank", "400 DOOR_KEY", { "idempotency-key": "a b" }),
        posts("no token", "401 DOOR_TOKEN", { authorization: "" }),
        posts("a form", "415 DOOR_TYPE", { "content-type": "application/x-www-form-urlencoded" }),
        {
          tried: "a sale whose sender is unplugged half-way, and says it again",
          expected: "201; 1 sale",
          run: async () => {
            const body = JSON.stringify({ ...SALE, transaction: "cut" });
            const half = connect(port, "127.0.0.1");
            await once(half, "connect");
            const head = `POST /v1/transactions HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer ${SECRET}\r\n`;
            half.write(
              `${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 20)}`,
            );
            half.destroy();
            const said = await ask("transactions", body, "k-cut");
            return `${said}; ${till.events("transaction").filter(({ data }) => data.transaction === "cut").length} sale`;
          },
        },
      ]);
    });
  });
}

export async function mqttDoorRows(): Promise<Row[]> {
  return await withFolder(async (folder) => {
    const passwordFile = join(folder, "password");
    writeFileSync(passwordFile, SECRET, { mode: 0o600 });
    const list = join(folder, "passwords");
    execFileSync("mosquitto_passwd", ["-b", "-c", list, DEVICE, SECRET], { stdio: "ignore" });
    const files = { passwords: readFileSync(list, "utf8") };
    const broker = await startMosquitto({ anonymous: false, files, lines: ["password_file DIR/passwords"] });
    const login = { protocolVersion: 5, username: DEVICE, password: SECRET, reconnectPeriod: 0 } as const;
    try {
      return await withTill({ local: { mqttDoor: { url: broker.url, passwordFile } } }, async (till) => {
        await till.works("door:mqtt");
        let asked = 0;
        const ask: Ask = async (path, body, key) => {
          const client = await mqtt.connectAsync(broker.url, login);
          try {
            asked += 1;
            const responseTopic = `touchpoint/local/out/${asked}`;
            let said: string | undefined;
            client.on("message", (_topic, payload) => {
              const { status, error } = JSON.parse(payload.toString()) as { status: number; error?: { code: string } };
              said = error === undefined ? String(status) : `${status} ${error.code}`;
            });
            await client.subscribeAsync(responseTopic, { qos: 1 });
            const userProperties = key === undefined ? {} : { userProperties: { "idempotency-key": key } };
            const properties = { responseTopic, ...userProperties };
            await client.publishAsync(`touchpoint/local/in/${path}`, body, { qos: 1, properties });
            await until(() => said !== undefined, "an answer");
            return said ?? "no answer";
          } finally {
            await client.endAsync(true);
          }
        };
        return await tryAll("MQTT door", [
          ...common(till, ask),
          {
            tried: "kill -9 of the broker, and a new one at its place",
            expected: "BROKER_LOST, tried again; 201; buttons go on",
            run: async () => {
              const after = till.agent.lines.length;
              await broker.stop("SIGKILL");
              const code = await till.degraded("door:mqtt", after);
              await broker.start();
              await till.works("door:mqtt", after);
              const said = await ask("transactions", JSON.stringify({ ...SALE, transaction: "late" }), "k-late");
              return `${code}, tried again; ${said}; ${await till.buttonsGoOn()}`;
            },
          },
        ]);
      });
    } finally {
      await broker.dispose();
    }
  });
}
