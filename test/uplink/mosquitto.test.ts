// Delivery over a real Mosquitto: order, outages, lanes, refusals, last will.
import { generateKeyPairSync } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { CommandsConfig } from "../../src/config/commands.ts";
import { publicKeyLine, signCommand } from "../../src/uplink/signature.ts";
import { MemoryJournal } from "../fakes/journal.ts";
import { MOSQUITTO_ABSENT, type Mosquitto, type MosquittoOptions, startMosquitto } from "../fakes/mosquitto.ts";
import {
  commitMany,
  DEVICE,
  mosquittoAbsent,
  PLACE,
  QUICK,
  ROOT,
  type Subscriber,
  stamped,
  startUplink,
  subscribe,
  type UplinkUnderTest,
  until,
  uplinkSettings,
  upTo,
} from "./rig.ts";

describe.skipIf(mosquittoAbsent)(`with a real Mosquitto${mosquittoAbsent ? ` - ${MOSQUITTO_ABSENT}` : ""}`, () => {
  const ending: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
  });
  const broker = async (options?: MosquittoOptions): Promise<Mosquitto> => {
    const started = await startMosquitto(options);
    ending.push(() => started.dispose());
    return started;
  };
  const uplink = (...args: Parameters<typeof startUplink>): UplinkUnderTest => {
    const started = startUplink(...args);
    ending.push(() => started.stop());
    return started;
  };
  const subscriber = async (...args: Parameters<typeof subscribe>): Promise<Subscriber> => {
    const started = await subscribe(...args);
    ending.push(() => started.end());
    return started;
  };
  const drained = (up: UplinkUnderTest): Promise<unknown> => until(async () => (await up.journal.head()).waiting === 0);

  test("delivers in order, once per seq, envelopes as committed", async () => {
    const { url } = await broker();
    const server = await subscriber(url);
    const up = uplink(uplinkSettings(url));
    await until(() => up.state() === "ok");
    for (let i = 0; i < 200; i += 1) await up.journal.commit({ events: [stamped("press", i)], keep: {} });
    await drained(up);
    await until(() => server.seqs().length >= 200);
    expect(server.seqs()).toEqual(upTo(200));
    const first = server.under("event/press")[0];
    expect(first?.json).toMatchObject({ v: 1, seq: 1, stream: up.journal.stream, type: "press", data: { note: 0 } });
    expect(first?.retain).toBe(false);
    expect(up.clients[0]?.options.protocolVersion).toBe(5);
  });

  test("says online, delivery and states, retained; offline when stopped", async () => {
    const { url } = await broker();
    const up = uplink(uplinkSettings(url));
    up.states.set("health", { uplink: "starting" });
    await until(() => up.state() === "ok");
    up.states.set("health", { uplink: "ok" });
    up.states.set("presence/checkout", { occupied: true });
    await commitMany(up.journal, "press", 10);
    await drained(up);
    // Retained: one who comes late is told all the same.
    const delivered = async (): Promise<Subscriber> => {
      const late = await subscriber(url);
      await until(() =>
        ["status", "state/delivery", "state/health", "state/presence/checkout"].every(
          (name) => late.under(name).length > 0,
        ),
      );
      return late;
    };
    const server = await delivered();
    expect(server.under("status")[0]).toMatchObject({
      retain: true,
      json: { state: "online", conn: 1, version: "0.0.0-test", boot: "6f1c9a2e", time: expect.stringMatching(/Z$/) },
    });
    expect(server.under("state/health").at(-1)?.json).toEqual({ uplink: "ok" });
    await until(() => server.under("state/delivery").at(-1)?.json.done === 10);
    expect(server.under("state/delivery").at(-1)?.json).toEqual({ stream: up.journal.stream, head: 10, done: 10 });
    await up.stop();
    await until(() => server.under("status").at(-1)?.json.state === "offline");
    expect(server.under("status").map(({ json }) => json.state)).toEqual(["online", "offline"]);
    expect(up.state()).toBe("stopped");
  });

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "a broker ended by %s while presses go on: all arrive, none missing, in order",
    async (signal) => {
      const mosquitto = await broker();
      const before = await subscriber(mosquitto.url);
      const up = uplink(uplinkSettings(mosquitto.url));
      await until(() => up.state() === "ok");
      await commitMany(up.journal, "press", 3_000);
      await until(() => before.seqs().length >= 100);
      await mosquitto.stop(signal);
      await until(() => up.state() === "degraded");
      for (let i = 0; i < 50; i += 1) await up.journal.commit({ events: [stamped("press", i)], keep: {} });
      const first = up.clients[0];
      await until(() => first?.connected === false);
      expect(first?.queue).toEqual([]);
      expect(Object.keys(first?.outgoing ?? { none: 1 })).toEqual([]);
      expect(up.reports.at(-1)?.fault?.code).toMatch(/^BROKER_(LOST|UNREACHABLE)$/);
      await mosquitto.start();
      const after = await subscriber(mosquitto.url);
      await drained(up);
      await until(() => after.seqs().at(-1) === 3_050);
      // Each connection delivers in order and never twice; what the first one left unacknowledged comes again.
      for (const seqs of [before.seqs(), after.seqs()]) expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
      const settledBefore = 3_050 - after.seqs().length;
      expect(after.seqs()).toEqual(upTo(3_050).slice(settledBefore));
      expect(settledBefore).toBeLessThanOrEqual(before.seqs().length + 64);
      expect(up.journal.refused.size).toBe(0);
    },
  );

  test("a press goes ahead of a backlog of 5,000 rows", async () => {
    const { url } = await broker();
    const server = await subscriber(url);
    const journal = new MemoryJournal();
    await commitMany(journal, "mood", 5_000);
    const up = uplink(uplinkSettings(url), journal);
    await until(() => server.seqs("mood").length >= 50);
    await journal.commit({ events: [stamped("press", "urgent")], keep: {} });
    await drained(up);
    await until(() => server.seqs().length === 5_001);
    expect(server.seqs().indexOf(5_001)).toBeLessThan(4_000);
    expect(server.seqs("mood")).toEqual(upTo(5_000));
  });

  test("presses before the connection go ahead of an older backlog", async () => {
    const { url } = await broker();
    const server = await subscriber(url);
    const journal = new MemoryJournal();
    await commitMany(journal, "mood", 5_000);
    await commitMany(journal, "press", 20);
    const up = uplink(uplinkSettings(url), journal);
    await drained(up);
    await until(() => server.seqs().length === 5_020);
    // Only what was in hand before the press lane was read may come first: at most one batch.
    expect(server.seqs().indexOf(5_001)).toBeLessThanOrEqual(512);
    expect(server.seqs("press")).toEqual(upTo(5_020).slice(5_000));
  });

  test("a refused publish is kept visible, not tried again, and others go on", async () => {
    const { url } = await broker({
      files: {
        acl: [
          `topic readwrite ${ROOT}/status`,
          `topic readwrite ${ROOT}/state/#`,
          `topic write ${ROOT}/event/press`,
          `topic read touchpoint/v1/#`,
        ].join("\n"),
      },
      lines: ["acl_file DIR/acl"],
    });
    const server = await subscriber(url);
    const up = uplink(uplinkSettings(url));
    await until(() => up.state() === "ok");
    await up.journal.commit({ events: [stamped("press", 1), stamped("mood", 2), stamped("press", 3)], keep: {} });
    await drained(up);
    await until(() => server.seqs().length === 2);
    expect(server.seqs()).toEqual([1, 3]);
    expect([...up.journal.refused]).toEqual([[2, "not authorized (0x87)"]]);
    expect(up.dropped.map(({ code }) => code)).toContain("PUBLISH_REFUSED");
    expect((await up.journal.head()).done).toBe(3);
    await until(() => server.under("state/delivery").at(-1)?.json.done === 3);
  });

  test("a row larger than the broker or the contract takes is refused without ending the connection", async () => {
    const { url } = await broker({ lines: ["max_packet_size 4000"] });
    const server = await subscriber(url);
    const up = uplink(uplinkSettings(url));
    await until(() => up.state() === "ok");
    await up.journal.commit({
      events: [
        stamped("press", 1),
        stamped("press", "x".repeat(5_000)),
        stamped("press", "y".repeat(70_000)),
        stamped("press", 4),
      ],
      keep: {},
    });
    await drained(up);
    await until(() => server.seqs().length === 2);
    expect(server.seqs()).toEqual([1, 4]);
    expect(up.journal.refused.get(2)).toMatch(/more than the broker's 4000/);
    expect(up.journal.refused.get(3)).toMatch(/more than the contract's 65536/);
    expect(up.clients).toHaveLength(1);
  });

  test("commands: only what its principal signed for this device, once; a reply that is too large says so", async () => {
    const { url } = await broker({ lines: ["max_packet_size 4000"] });
    const server = await subscriber(url);
    const { privateKey } = generateKeyPairSync("ed25519");
    const principals = [{ name: "ops", publicKey: publicKeyLine(privateKey), may: ["*"] }];
    const tail = { needsClock: false, run: async () => ({ ok: true as const, lines: "x".repeat(5_000) }) };
    const settings = { ...uplinkSettings(url), commands: CommandsConfig.parse({ principals }) };
    const up = uplink(settings, undefined, QUICK, { commands: { "log.tail": tail } });
    await until(() => up.state() === "ok");
    const expires = new Date(Date.now() + 60_000).toISOString();
    const signed = (id: string, name: string, place = PLACE): string => {
      const body = { id, expires, by: "ops" };
      return JSON.stringify({ ...body, sig: signCommand(privateKey, place, name, body) });
    };
    const answers = (): string[] =>
      server.arrived.flatMap(({ topic, json }) =>
        topic.includes("/reply/") && json.id !== "first" ? [`${json.id} ${json.ok === true ? "ok" : json.reason}`] : [],
      );
    // What comes before the device listens is gone.
    await until(async () => {
      await server.publish("cmd/ping", JSON.stringify({ id: "first", expires, by: "ops" }));
      return server.under("reply/ping").length > 0;
    });
    const wanted = [
      ["cmd/ping", signed("a", "ping"), "a ok"],
      ["cmd/ping", signed("a", "ping"), "a seen"],
      ["cmd/flush", signed("b", "ping"), "b forged"],
      ["cmd/ping", signed("c", "ping", { ...PLACE, device: "till-04" }), "c forged"],
      ["cmd/ping", JSON.stringify({ id: "d", expires, by: "ops" }), "d unsigned"],
      ["cmd/ping", JSON.stringify({ id: "e", expires, by: "eve" }), "e forbidden"],
      ["cmd/log.tail", signed("f", "log.tail"), "f failed"],
    ] as const;
    for (const [name, body] of wanted) await server.publish(name, body);
    await until(() => answers().length === wanted.length);
    expect(answers()).toEqual(wanted.map(([, , answer]) => answer));
    await until(() => server.under("event/audit").length >= 6);
    const audits = server.under("event/audit").map(({ json }) => json.data as Record<string, unknown>);
    const told = audits.map(({ command, outcome, reasons }) => `${command} ${outcome} ${reasons ?? ""}`);
    expect(told).toEqual(expect.arrayContaining(["a run ", "a refused seen", "b refused forged", "f run "]));
    expect(up.clients).toHaveLength(1);
  });

  test("what the packet size allows exactly is sent", async () => {
    const { url } = await broker({ lines: ["max_packet_size 4000"] });
    const server = await subscriber(url);
    const up = uplink(uplinkSettings(url));
    await until(() => up.state() === "ok");
    for (let size = 3_350; size < 3_650; size += 1)
      await up.journal.commit({ events: [stamped("press", "x".repeat(size))], keep: {} });
    await drained(up);
    const accepted = 300 - up.journal.refused.size;
    expect(up.journal.refused.size).toBeGreaterThan(0);
    expect(accepted).toBeGreaterThan(0);
    await until(() => server.seqs().length === accepted);
    expect(up.clients).toHaveLength(1);
  });

  test("the last will tells of a device that died; conn counts over restarts", async () => {
    const { url } = await broker();
    const server = await subscriber(url);
    const journal = new MemoryJournal();
    const up = uplink(uplinkSettings(url), journal);
    await until(() => up.state() === "ok");
    up.clients[0]?.stream.destroy();
    await until(() => server.under("status").length >= 3);
    const states = server.under("status").map(({ json }) => [json.state, json.conn]);
    expect(states.slice(0, 3)).toEqual([
      ["online", 1],
      ["offline", 1],
      ["online", 2],
    ]);
    await up.stop();
    const again = uplink(uplinkSettings(url), journal);
    await until(() => again.state() === "ok");
    await until(() => server.under("status").at(-1)?.json.conn === 3);
    expect(journal.keep.get("uplink:conn")).toBe(3);
  });

  test("attempts that reach no broker spend no connection number", async () => {
    const mosquitto = await broker();
    await mosquitto.stop();
    const up = uplink(uplinkSettings(mosquitto.url));
    await until(() => up.clients.length >= 4);
    expect(up.reports.find(({ fault }) => fault !== undefined)?.fault).toMatchObject({
      code: "BROKER_UNREACHABLE",
      message: expect.stringContaining("nothing listens"),
    });
    await mosquitto.start();
    await until(() => up.state() === "ok");
    const server = await subscriber(mosquitto.url);
    await until(() => server.under("status").length === 1);
    expect(server.under("status")[0]?.json.conn).toBe(1);
  });

  test("a wrong password is refused in words that do not tell it", async () => {
    const { dir, url } = await broker({
      anonymous: false,
      lines: ["password_file DIR/users"],
      // `till-03:right` as mosquitto_passwd writes it would need that program; an empty list refuses everybody.
      files: { users: "", secret: "s3cr3t-canary\n" },
    });
    const up = uplink(uplinkSettings(url, { passwordFile: `${dir}/secret` }));
    await until(() => up.reports.some(({ fault }) => fault !== undefined));
    const fault = up.reports.find((report) => report.fault !== undefined)?.fault;
    expect(fault?.code).toBe("BROKER_REFUSED");
    expect(fault?.message).toMatch(/not authorized|bad user/);
    expect(up.clients[0]?.options.username).toBe(DEVICE);
    for (const report of up.reports)
      expect(
        `${report.fault?.stack} ${JSON.stringify(report.fault)} ${JSON.stringify(report.fault?.details)} ${String(report.fault?.cause)}`,
      ).not.toContain("s3cr3t-canary");
  });

  test("an unreadable password file is a fault that names the file", async () => {
    const { url } = await broker();
    const up = uplink(uplinkSettings(url, { passwordFile: "/nowhere/secret" }));
    await until(() => up.reports.some(({ fault }) => fault !== undefined));
    expect(up.reports.find(({ fault }) => fault !== undefined)?.fault).toMatchObject({
      code: "CONFIG_SECRET",
      message: expect.stringContaining("/nowhere/secret"),
    });
  });

  test("MQTT 3.1.1 where the settings ask for it", async () => {
    const { url } = await broker();
    const server = await subscriber(url);
    const up = uplink(uplinkSettings(url, { protocol: "3.1.1" }));
    await commitMany(up.journal, "press", 500);
    await drained(up);
    await until(() => server.seqs().length === 500);
    expect(server.seqs()).toEqual(upTo(500));
    expect(up.clients[0]?.options.protocolVersion).toBe(4);
  });

  test("the window is kept within what the broker takes", async () => {
    const { url } = await broker({ lines: ["max_inflight_messages 5"] });
    const server = await subscriber(url);
    const journal = new MemoryJournal();
    await commitMany(journal, "press", 300);
    const up = uplink(uplinkSettings(url), journal);
    let most = 0;
    up.clients[0]?.on("packetsend", () => {
      most = Math.max(most, Object.keys(up.clients[0]?.outgoing ?? {}).length);
    });
    await drained(up);
    await until(() => server.seqs().length === 300);
    expect(server.seqs()).toEqual(upTo(300));
    expect(up.clients).toHaveLength(1);
  });

  test("acks confirm; bad ones are counted and dropped", async () => {
    const { url } = await broker();
    const server = await subscriber(url);
    const journal = new MemoryJournal();
    await server.publish("ack", JSON.stringify({ stream: journal.stream, upto: 7, later: "ignored" }), true);
    const up = uplink(uplinkSettings(url), journal);
    await commitMany(journal, "press", 20);
    await until(() => journal.confirmed === 7);
    const bad = [
      "",
      "null",
      "{",
      "7",
      JSON.stringify({ stream: "no-uuid", upto: 9 }),
      JSON.stringify({ stream: journal.stream, upto: -1 }),
      JSON.stringify({ stream: journal.stream, upto: "9" }),
      JSON.stringify({ stream: journal.stream, upto: 1e300 }),
      JSON.stringify({ stream: journal.stream, upto: 9, filler: "z".repeat(50_000) }),
    ];
    const publisher = up.clients.length;
    for (const payload of bad) await server.client.publishAsync(`${ROOT}/ack`, payload, { qos: 1 });
    await until(() => up.dropped.length === bad.length);
    expect(up.dropped.every(({ code }) => code === "ACK_INVALID")).toBe(true);
    expect(journal.confirmed).toBe(7);
    await server.publish("ack", JSON.stringify({ stream: journal.stream, upto: 20 }));
    await until(() => journal.confirmed === 20);
    expect(up.clients).toHaveLength(publisher);
  });

  test("a broker that stops answering is left and found again", async () => {
    const mosquitto = await broker();
    const up = uplink(uplinkSettings(mosquitto.url), new MemoryJournal(), { ...QUICK, pubackMs: 300 });
    await until(() => up.state() === "ok");
    mosquitto.signal("SIGSTOP");
    await commitMany(up.journal, "press", 100);
    await until(() => up.state() === "degraded");
    expect(up.reports.find(({ fault }) => fault !== undefined)?.fault?.message).toContain("stopped acknowledging");
    mosquitto.signal("SIGCONT");
    await drained(up);
    const server = await subscriber(mosquitto.url);
    await until(() => server.under("state/delivery").at(-1)?.json.done === 100);
  });

  test("a stop sends what waits first", async () => {
    const { url } = await broker();
    const server = await subscriber(url);
    const up = uplink(uplinkSettings(url));
    await until(() => up.state() === "ok");
    await commitMany(up.journal, "press", 400);
    await up.stop();
    await until(() => server.under("status").at(-1)?.json.state === "offline");
    expect(server.seqs()).toEqual(upTo(400));
    expect(server.under("state/delivery").at(-1)?.json.done).toBe(400);
    expect(server.arrived.at(-1)?.topic).toBe(`${ROOT}/status`);
  });
});
