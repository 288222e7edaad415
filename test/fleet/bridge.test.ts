// The shipped bridge between two real Mosquittos: a shop's broker passes on what its devices say, also what waited meanwhile.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { makeAuthority } from "../fakes/certificates.ts";
import { MOSQUITTO_ABSENT } from "../fakes/mosquitto.ts";
import { brokerSettings, commitMany, mosquittoAbsent, NO_PRINCIPALS, startUplink, until } from "../uplink/rig.ts";
import { logIn, loginWith, shipped, startShippedBroker } from "./shipped-broker.ts";

const OURS = "touchpoint/v1/vno-akropolis/till-01";

describe.skipIf(mosquittoAbsent)(`the shipped bridge${mosquittoAbsent ? ` - ${MOSQUITTO_ABSENT}` : ""}`, () => {
  const dir = mkdtempSync(join(tmpdir(), "touchpoint-bridge-"));
  const ending: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test("events, status and delivery go up, commands and acks come down, over an outage of the central broker", async () => {
    const authority = makeAuthority(join(dir, "authority"));
    const central = await startShippedBroker(authority);
    ending.push(() => central.mosquitto.dispose());
    const bridge = authority.issue("bridge", { commonName: "bridge-vno-akropolis" });
    const shop = await startShippedBroker(authority, {
      lines: [
        shipped("mosquitto-bridge.conf")
          .replace("central.example:8884", `localhost:${new URL(central.serversUrl).port}`)
          .replace("restart_timeout 1 30", "restart_timeout 1"),
      ],
      files: {
        "central-ca.crt": readFileSync(authority.ca, "utf8"),
        "bridge.crt": readFileSync(bridge.cert, "utf8"),
        "bridge.key": readFileSync(bridge.key, "utf8"),
      },
    });
    ending.push(() => shop.mosquitto.dispose());
    const listen = async () => {
      const peer = await logIn(central.serversUrl, authority, authority.issue("central"));
      ending.push(() => peer.client.endAsync(true));
      await peer.client.subscribeAsync("touchpoint/v1/#", { qos: 1 });
      return peer;
    };
    let server = await listen();
    const pair = authority.issue("till-01");
    const up = startUplink({
      site: "vno-akropolis",
      device: "till-01",
      version: "0.0.0-test",
      boot: "6f1c9a2e",
      commands: NO_PRINCIPALS,
      broker: brokerSettings(shop.devicesUrl, loginWith(authority, pair)),
    });
    ending.push(() => up.stop());
    const presses = (): number => server.topics().filter((topic) => topic === `${OURS}/event/press`).length;

    await commitMany(up.journal, "press", 10);
    await until(() => presses() === 10 && server.topics().includes(`${OURS}/status`));
    await until(() =>
      server.heard.some(({ topic, payload }) => topic === `${OURS}/state/delivery` && payload.includes('"done":10')),
    );
    const ask = { id: "1", expires: new Date(Date.now() + 60_000).toISOString(), by: "test", from: 1, to: 3 };
    await server.publish(`${OURS}/cmd/resend`, JSON.stringify(ask));
    await until(() => server.topics().includes(`${OURS}/reply/resend`) && presses() === 13);
    await server.publish(`${OURS}/ack`, JSON.stringify({ stream: up.journal.stream, upto: 10 }), true);
    await until(() => up.journal.confirmed === 10);

    await central.mosquitto.stop("SIGTERM");
    // The shop's broker takes them, and keeps them for the other.
    await commitMany(up.journal, "press", 10);
    // Twenty presses and the audit of the command.
    await until(async () => (await up.journal.head()).done === 21);
    await central.mosquitto.start();
    server = await listen();
    await until(() => presses() >= 10);
    const seqs = server.heard
      .filter(({ topic }) => topic === `${OURS}/event/press`)
      .map(({ payload }) => JSON.parse(payload).seq);
    expect([...new Set(seqs)]).toEqual([12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
    expect(up.dropped).toEqual([]);
  });
});
