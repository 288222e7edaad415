// A broker that misbehaves costs back-off and nothing else: no crash, no growth, and delivery goes on with a good one.
import { afterEach, expect, test } from "vitest";
import { addressOf, MAX_INCOMING_BYTES } from "../../src/uplink/login.ts";
import {
  CONNACK_5,
  CONNACK_311,
  type HostileBroker,
  type HostileSocket,
  startHostileBroker,
} from "../fakes/broker-hostile.ts";
import { MemoryJournal } from "../fakes/journal.ts";
import { commitMany, QUICK, startUplink, type UplinkUnderTest, until, uplinkSettings } from "./rig.ts";

/** A broker that never answers is waited for only briefly. */
const IMPATIENT = { ...QUICK, connackMs: 150, lingerMs: 100 };

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function against(
  behave: (client: HostileSocket) => void,
  timings = IMPATIENT,
): Promise<{ up: UplinkUnderTest; hostile: HostileBroker }> {
  const hostile = await startHostileBroker(behave);
  ending.push(() => hostile.close());
  const journal = new MemoryJournal();
  await commitMany(journal, "press", 100);
  const up = startUplink(uplinkSettings(hostile.url), journal, timings);
  ending.push(() => up.stop());
  return { up, hostile };
}

const faults = (up: UplinkUnderTest): string[] =>
  up.reports.flatMap(({ fault }) => (fault === undefined ? [] : [fault.code]));
const connack = (client: HostileSocket): void => void client.send(client.level === 5 ? CONNACK_5 : CONNACK_311);
/** Nothing is left in any client object but the newest. */
const nothingQueued = (up: UplinkUnderTest): void => {
  for (const client of up.clients.slice(0, -1)) {
    expect(client.queue).toEqual([]);
    expect(Object.keys(client.outgoing)).toEqual([]);
    expect(client.stream.destroyed).toBe(true);
  }
};
/** A pseudo-random byte sequence that is the same in every run. */
function noise(bytes: number, seed: number): Buffer {
  let state = seed;
  return Buffer.from(
    Array.from({ length: bytes }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    }),
  );
}

test("accepts and says nothing", async () => {
  const { up } = await against(() => undefined, { ...IMPATIENT, connackMs: 50 });
  await until(() => faults(up).length >= 3);
  expect(new Set(faults(up))).toEqual(new Set(["BROKER_UNREACHABLE"]));
  expect(up.reports.at(-1)?.fault?.message).toContain("does not answer as an MQTT broker");
  nothingQueued(up);
});

test("closes at once: both protocol versions are tried, then back-off", async () => {
  const levels: number[] = [];
  const { up } = await against((client) => {
    levels.push(client.level);
    client.socket.destroy();
  });
  await until(() => faults(up).length >= 3);
  expect(levels.slice(0, 4)).toEqual([5, 4, 5, 4]);
  nothingQueued(up);
});

test("closes in the middle of a packet", async () => {
  const { up } = await against((client) => {
    connack(client);
    client.send(Buffer.from([0x30, 0x80, 0x01, 0x00, 0x05, 0x61]));
    client.socket.end();
  });
  await until(() => faults(up).length >= 3);
  expect(faults(up)).toContain("BROKER_LOST");
  nothingQueued(up);
});

test("sends garbage instead of CONNACK", async () => {
  const { up } = await against((client) => void client.send(noise(4_096, client.index + 1)));
  await until(() => faults(up).length >= 10);
  nothingQueued(up);
});

test("sends garbage after CONNACK, of every packet type", async () => {
  const { up } = await against((client) => {
    connack(client);
    const packet = noise(40, client.index + 7);
    packet[0] = ((client.index % 16) << 4) | (client.index % 3 === 0 ? 2 : 0);
    packet[1] = 38;
    client.send(packet);
    client.send(noise(2_000, client.index + 99));
    client.socket.end();
  });
  await until(() => up.clients.length >= 64, 50_000);
  nothingQueued(up);
});

test("sends a packet without end: cut off at the bound, memory stays", async () => {
  const chunk = Buffer.alloc(65_536, 0x61);
  const { up, hostile } = await against((client) => {
    connack(client);
    // PUBLISH of 268,435,455 bytes, the most that MQTT can announce.
    client.send(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]));
    const pour = (): void => {
      while (client.send(chunk));
      if (!client.socket.destroyed) client.socket.once("drain", pour);
    };
    pour();
  });
  const before = process.memoryUsage().rss;
  await until(() => faults(up).length >= 5);
  expect(up.reports.at(-1)?.fault?.message).toContain(`larger than ${MAX_INCOMING_BYTES} bytes`);
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  await hostile.close();
  // Socket buffers of both ends come on top of the bound.
  expect(hostile.written / hostile.accepted).toBeLessThan(16_000_000);
});

test("announces a small window: never more in flight", async () => {
  let inFlight = 0;
  let most = 0;
  const { up } = await against((client) => {
    // CONNACK with receive maximum 3.
    client.send(Buffer.from([0x20, 0x06, 0x00, 0x00, 0x03, 0x21, 0x00, 0x03]));
    client.socket.on("data", (bytes: Buffer) => {
      for (const id of publishIds(bytes)) {
        inFlight += 1;
        most = Math.max(most, inFlight);
        setImmediate(() => {
          inFlight -= 1;
          client.send(Buffer.from([0x40, 0x02, id >> 8, id & 0xff]));
        });
      }
    });
  });
  await until(async () => (await up.journal.head()).waiting === 0);
  expect(most).toBe(3);
});

test("never acknowledges: the connection is given up", async () => {
  const { up } = await against(connack, { ...IMPATIENT, pubackMs: 60 });
  await until(() => faults(up).length >= 3);
  expect(up.reports.at(-1)?.fault?.message).toContain("stopped acknowledging");
  expect((await up.journal.head()).waiting).toBe(100);
  nothingQueued(up);
});

test("names the reason when the broker ends the connection with one", async () => {
  const { up } = await against((client) => {
    connack(client);
    if (client.level === 5) client.send(Buffer.from([0xe0, 0x02, 0x8e, 0x00]));
    client.socket.end();
  });
  await until(() => faults(up).length >= 1);
  expect(up.reports.find(({ fault }) => fault !== undefined)?.fault).toMatchObject({
    code: "BROKER_TAKEN",
    message: expect.stringContaining("another device uses this name"),
  });
});

test.each([
  ["0x97 quota exceeded: later, for ever", 0x97, 0],
  ["0x83 no lasting reason: a few more tries, then kept visible", 0x83, 1],
  ["0x99 payload format invalid: kept visible at once", 0x99, 1],
  ["0x10 no matching subscribers: delivered", 0x10, 0],
])("PUBACK %s", async (_what, code, refused) => {
  let answered = 0;
  const { up } = await against((client) => {
    connack(client);
    client.socket.on("data", (bytes: Buffer) => {
      for (const { id, topic } of publishes(bytes)) {
        const bad =
          topic.includes("/event/") && (code === 0x10 || (code === 0x97 ? answered < 1 : seqIs(bytes, id, 1)));
        if (topic.includes("/event/")) answered += 1;
        client.send(Buffer.from([0x40, 0x03, id >> 8, id & 0xff, bad ? code : 0]));
      }
    });
  });
  await until(async () => (await up.journal.head()).waiting === 0, 40_000);
  expect(up.journal.refused.size).toBe(refused);
  expect(up.clients).toHaveLength(1);
});

test("an address with a login is used without it, and never repeated", () => {
  expect(addressOf("mqtts://user:secret@broker.example:8884").at).toBe("broker.example:8884");
  expect(addressOf("mqtt://[::1]").host).toBe("::1");
});

interface Publish {
  readonly id: number;
  readonly topic: string;
  readonly payload: string;
}

/** PUBLISH packets at QoS 1 in a chunk that holds whole packets. */
function publishes(bytes: Buffer): Publish[] {
  const found: Publish[] = [];
  for (let at = 0; at < bytes.length; ) {
    const type = (bytes[at] ?? 0) >> 4;
    let length = 0;
    let shift = 0;
    let start = at + 1;
    for (;;) {
      const byte = bytes[start] ?? 0;
      start += 1;
      length += (byte & 0x7f) << shift;
      shift += 7;
      if (byte < 0x80) break;
    }
    if (type === 3) {
      const topicLength = bytes.readUInt16BE(start);
      const idAt = start + 2 + topicLength;
      found.push({
        id: bytes.readUInt16BE(idAt),
        topic: bytes.toString("utf8", start + 2, idAt),
        payload: bytes.toString("utf8", idAt + 3, start + length),
      });
    }
    at = start + length;
  }
  return found;
}
const publishIds = (bytes: Buffer): number[] => publishes(bytes).map(({ id }) => id);
const seqIs = (bytes: Buffer, id: number, seq: number): boolean =>
  publishes(bytes).some((one) => one.id === id && one.payload.includes(`"seq":${seq},`));
