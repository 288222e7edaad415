// What a message says: events, a device's word on delivery, or why it is none of these. Pure.
import { z } from "zod";
import { ErasedData } from "../../src/words/erased.ts";
import { Envelope } from "../../src/words/events.ts";
import { storable } from "./storable.ts";

/** Largest payload of the contract, bytes. */
export const MAX_PAYLOAD_BYTES = 64 * 1024;
/** Longest string that becomes a column of its own, UTF-16 units. Names are short; an index row has an end. */
const MAX_NAME = 256;

const DEVICE = /^[a-z0-9-]{1,48}$/;

/** Longest span of a loss that is believed: a device that made a press every millisecond for 30 years. */
const MAX_SEQ = 1_000_000_000_000;

const name = z.string().max(MAX_NAME);
const seq = z.int().min(1).max(MAX_SEQ);
const mono = z.number().min(0).max(1e15);

/** An event as the consumer reads it: the contract's envelope, with an end to each name. */
const Incoming = Envelope.extend({
  seq,
  type: z.string().max(64),
  tz: name,
  boot: name,
  site: name,
  touchpoint: name.optional(),
});

/** The part of a `gap` that owns seqs; losses of other sources, a pad's counter for instance, are no seqs. */
const Gap = z.looseObject({
  source: z.literal("journal"),
  stream: z.uuid().optional(),
  from: seq,
  to: seq,
  ranges: z.array(z.tuple([seq, seq])).optional(),
  reason: z.string(),
});

/** The part of a `clock` event that repairs times; ten thousand years are enough of an offset. */
const Clock = z.looseObject({
  boot: name,
  fromMono: mono,
  toMono: mono,
  offsetMs: z.number().min(-3.2e14).max(3.2e14),
  uncertaintyMs: z.number().min(0).max(3.2e14),
});

const Delivery = z.looseObject({
  stream: z.uuid(),
  head: z.int().min(0).max(MAX_SEQ),
  done: z.int().min(0).max(MAX_SEQ),
});

const Batch = z.looseObject({ events: z.array(z.unknown()) });

export interface EventRow {
  /** From the topic, where the broker's access rules vouch for it; equal to the envelope's. */
  readonly device: string;
  /** From the topic: where the device listens for its `ack`. */
  readonly root: string;
  readonly envelope: Envelope;
  /** Seqs that are lost, as this event says. */
  readonly owns?: readonly {
    readonly stream: string;
    readonly from: number;
    readonly to: number;
    readonly reason: string;
  }[];
  /** What is to be erased, as this event says; the seqs it names are in `owns`. */
  readonly erases?: ErasedData;
  readonly repairs?: {
    readonly boot: string;
    readonly fromMono: number;
    readonly toMono: number;
    readonly offsetMs: number;
    readonly uncertaintyMs: number;
  };
}

export interface DeliveryRow {
  readonly device: string;
  readonly root: string;
  readonly stream: string;
  readonly head: number;
  readonly done: number;
}

/** Kept for a person to look at; never in the way of what comes after it. */
export interface DeadLetter {
  readonly topic: string;
  readonly reason: string;
  readonly payload: Buffer;
}

export interface Reading {
  readonly events: readonly EventRow[];
  readonly delivery?: DeliveryRow;
  readonly dead: readonly DeadLetter[];
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads one message below `prefix`. An event with strings that PostgreSQL cannot hold (NUL, half a surrogate pair) is
 * stored with U+FFFD in their place, and the message as it came is kept as a dead letter beside it. Never throws.
 */
export function read(prefix: string, topic: string, payload: Buffer): Reading {
  const deadFor = (reason: string): Reading => ({ events: [], dead: [{ topic, reason, payload }] });
  if (!topic.startsWith(`${prefix}/`)) return deadFor("the topic is none of the contract's");
  const [site = "", device = "", ...rest] = topic.slice(prefix.length + 1).split("/");
  const place = rest.join("/");
  if (!DEVICE.test(device)) return deadFor("the topic names no device");
  if (payload.length > MAX_PAYLOAD_BYTES)
    return deadFor(`${payload.length} bytes are more than the contract's ${MAX_PAYLOAD_BYTES}`);
  let value: unknown;
  let mended = false;
  try {
    const text = utf8.decode(payload);
    ({ value, mended } = storable(text));
  } catch (thrown) {
    return deadFor(thrown instanceof SyntaxError ? "the payload is not JSON" : `unreadable: ${String(thrown)}`);
  }
  const root = `${prefix}/${site}/${device}`;
  if (place === "state/delivery") {
    const delivery = Delivery.safeParse(value);
    if (!delivery.success) return deadFor(z.prettifyError(delivery.error));
    const { stream, head, done } = delivery.data;
    return { events: [], delivery: { device, root, stream: stream.toLowerCase(), head, done }, dead: [] };
  }
  const found = place === "batch" ? inBatch(value) : [value];
  if (found === undefined || (place !== "batch" && !place.startsWith("event/")))
    return deadFor(found === undefined ? "the batch has no list of events" : "the topic is none of the contract's");
  const events: EventRow[] = [];
  const dead: DeadLetter[] = mended
    ? [{ topic, reason: "stored with U+FFFD where a NUL or half a surrogate stood", payload }]
    : [];
  for (const one of found) {
    const row = eventOf(one, device, root, place);
    if (typeof row === "string") dead.push({ topic, reason: row, payload });
    else events.push(row);
  }
  return { events, dead };
}

function inBatch(value: unknown): readonly unknown[] | undefined {
  const batch = Batch.safeParse(value);
  return batch.success ? batch.data.events : undefined;
}

/** The event's row, or why it is none. */
function eventOf(value: unknown, device: string, root: string, place: string): EventRow | string {
  const parsed = Incoming.safeParse(value);
  if (!parsed.success) return z.prettifyError(parsed.error);
  const envelope: Envelope = { ...parsed.data, stream: parsed.data.stream.toLowerCase() };
  if (envelope.device !== device)
    return `the envelope names the device ${JSON.stringify(envelope.device)}, the topic another`;
  if (place !== "batch" && place !== `event/${envelope.type}`) return "the envelope names another type than the topic";
  const row = { device, root, envelope };
  if (envelope.type === "gap") {
    const gap = Gap.safeParse(envelope.data);
    if (!gap.success) return row;
    const { stream = envelope.stream, from, to, ranges = [[from, to]], reason } = gap.data;
    const owns = ranges.filter(([first, last]) => first <= last);
    return {
      ...row,
      owns: owns.map(([first, last]) => ({ stream: stream.toLowerCase(), from: first, to: last, reason })),
    };
  }
  if (envelope.type === "erased") {
    const erases = ErasedData.safeParse(envelope.data).data;
    if (erases === undefined) return row;
    const stream = erases.stream.toLowerCase();
    const ranges = erases.ranges.filter(([first, last]) => first <= last && last <= MAX_SEQ);
    return {
      ...row,
      erases: { ...erases, stream, ranges },
      owns: ranges.map(([first, last]) => ({ stream, from: first, to: last, reason: "erased" })),
    };
  }
  if (envelope.type === "clock") {
    const clock = Clock.safeParse(envelope.data);
    if (!clock.success) return row;
    const { boot, fromMono, toMono, offsetMs, uncertaintyMs } = clock.data;
    return { ...row, repairs: { boot, fromMono, toMono, offsetMs, uncertaintyMs } };
  }
  return row;
}
