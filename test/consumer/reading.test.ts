// What the consumer makes of one message, honest or not.
import { describe, expect, test } from "vitest";
import { wordsFor } from "../../scripts/consumer/acks.ts";
import { MAX_PAYLOAD_BYTES, type Reading, read } from "../../scripts/consumer/reading.ts";
import { EVENT_DATA } from "../../src/words/events.ts";
import { DEVICE, event, gap, PREFIX, rootOf } from "./rig.ts";

const STREAM = "5b0f0000-0000-4000-8000-000000000001";
const OLD = "5b0f0000-0000-4000-8000-000000000002";

function readText(text: string | Buffer, place = "event/press", device = DEVICE): Reading {
  return read(PREFIX, `${rootOf(device)}/${place}`, Buffer.from(text));
}
const readJson = (value: unknown, place?: string): Reading => readText(JSON.stringify(value), place);

describe("a message of an honest device", () => {
  test("an event is read with the device of its topic", () => {
    const { events, dead } = readJson(event(STREAM, 7));
    expect(dead).toEqual([]);
    expect(events).toMatchObject([{ device: DEVICE, root: rootOf(DEVICE), envelope: { stream: STREAM, seq: 7 } }]);
  });

  test("an event of a type and with fields that this version does not know is read too", () => {
    const { events, dead } = readJson({ ...event(STREAM, 7, { type: "stir" }), colour: "red" }, "event/stir");
    expect([events.length, dead.length]).toEqual([1, 0]);
  });

  test("a batch brings its events, and a bad one among them does not take the others along", () => {
    const { events, dead } = readJson({ events: [event(STREAM, 1), { seq: 2 }, event(STREAM, 3)] }, "batch");
    expect(events.map(({ envelope }) => envelope.seq)).toEqual([1, 3]);
    expect(dead).toHaveLength(1);
  });

  test("a gap of the journal owns its seqs, in its own stream or the one it names, whole or in parts", () => {
    expect(readJson(gap(STREAM, 9, 3, 5), "event/gap").events[0]?.owns).toMatchObject([
      { stream: STREAM, from: 3, to: 5 },
    ]);
    expect(readJson(gap(STREAM, 9, 3, 5, OLD), "event/gap").events[0]?.owns).toMatchObject([
      { stream: OLD, from: 3, to: 5 },
    ]);
    const parts = gap(STREAM, 9, 3, 9);
    const split = {
      ...parts,
      data: {
        ...parts.data,
        ranges: [
          [3, 4],
          [8, 9],
        ],
      },
    };
    expect(EVENT_DATA.gap.safeParse(split.data).success).toBe(true);
    expect(readJson(split, "event/gap").events[0]?.owns).toMatchObject([
      { from: 3, to: 4 },
      { from: 8, to: 9 },
    ]);
  });

  test("a gap in a pad's counter owns no seq", () => {
    const lost = { source: "pad", from: 3, to: 4, count: 2, reason: "the pad's counter jumped" };
    expect(EVENT_DATA.gap.safeParse(lost).success).toBe(true);
    const { events, dead } = readJson(event(STREAM, 9, { type: "gap", data: lost }), "event/gap");
    expect([events[0]?.owns, dead.length]).toEqual([undefined, 0]);
  });

  test("a clock event repairs", () => {
    const data = { boot: "b1", fromMono: 0, toMono: 900, offsetMs: -5, uncertaintyMs: 2, reason: "boot" };
    expect(EVENT_DATA.clock.safeParse(data).success).toBe(true);
    const { events } = readJson(event(STREAM, 9, { type: "clock", data }), "event/clock");
    expect(events[0]?.repairs).toEqual({ boot: "b1", fromMono: 0, toMono: 900, offsetMs: -5, uncertaintyMs: 2 });
  });

  test("state/delivery is read", () => {
    expect(readJson({ stream: STREAM, head: 9, done: 7 }, "state/delivery").delivery).toEqual({
      device: DEVICE,
      root: rootOf(DEVICE),
      stream: STREAM,
      head: 9,
      done: 7,
    });
  });
});

describe("a message that is not stored as it is", () => {
  const whole = event(STREAM, 1);
  test.each<[string, Reading]>([
    ["nothing", readText("")],
    ["garbage", readText(Buffer.from([0xff, 0xfe, 0x00, 0x80]))],
    ["half of an event", readText(JSON.stringify(whole).slice(0, 80))],
    ["an event whose JSON goes on", readText(`${JSON.stringify(whole)}x`)],
    ["another type than its topic says", readJson(whole, "event/contact")],
    ["the name of another device", readJson({ ...whole, device: "till-04" })],
    ["no device in its topic", readText("{}", "event/press", "Till 03")],
    ["a place that does not exist", readJson(whole, "event")],
    ["seq 0", readJson({ ...whole, seq: 0 })],
    ["a seq beyond counting", readJson({ ...whole, seq: Number.MAX_SAFE_INTEGER })],
    ["a stream that is none", readJson({ ...whole, stream: "x'; DROP TABLE event; --" })],
    ["a version that is not known", readJson({ ...whole, v: 2 })],
    ["a boot without end", readJson({ ...whole, boot: "b".repeat(10_000) })],
    ["too many bytes", readJson({ ...whole, data: { text: "x".repeat(MAX_PAYLOAD_BYTES) } })],
    ["brackets without end", readText(`{"data":${"[".repeat(30_000)}${"]".repeat(30_000)}}`)],
    ["data nested too deeply", readJson({ ...whole, data: JSON.parse(`{"a":${"[".repeat(99)}${"]".repeat(99)}}`) })],
    ["a batch that is none", readJson({ events: whole }, "batch")],
    ["a delivery without a head", readJson({ stream: STREAM, done: 1 }, "state/delivery")],
  ])("%s becomes a dead letter", (_, { events, delivery, dead }) => {
    expect([events, delivery, dead.length]).toEqual([[], undefined, 1]);
    expect(dead[0]?.reason.length).toBeGreaterThan(5);
  });

  test("strings that PostgreSQL cannot hold are mended, and the message as it came is kept beside the event", () => {
    const sent = { ...whole, touchpoint: "a\0b", data: { "k\0": ["\ud800x", "😀", "\\u0000"] } };
    const { events, dead } = readJson(sent);
    expect(events[0]?.envelope.touchpoint).toBe("a\uFFFDb");
    expect(events[0]?.envelope.data).toEqual({ "k\uFFFD": ["\uFFFDx", "😀", "\\u0000"] });
    expect(JSON.parse(dead[0]?.payload.toString() ?? "")).toEqual(sent);
  });

  test("a whole surrogate pair written as escapes is left alone", () => {
    const { events, dead } = readText(JSON.stringify(whole).replace('"p1"', '"\\ud83d\\ude00"'));
    expect([events[0]?.envelope.data.pad, dead.length]).toEqual(["😀", 0]);
  });
});

describe("the words to one device", () => {
  const base = { device: DEVICE, root: rootOf(DEVICE) };
  const old = { ...base, stream: OLD, upto: 9, said: 9, current: false };
  const now = { ...base, stream: STREAM, upto: 5, said: 3, current: true };
  const streams = (words: readonly { readonly stream: string }[]): string[] => words.map(({ stream }) => stream);

  test("only what moved is said", () => {
    expect(streams(wordsFor([old, now], new Set()))).toEqual([STREAM]);
    expect(wordsFor([old, { ...now, said: 5 }], new Set())).toEqual([]);
  });

  test("what was sent again is said again", () => {
    expect(streams(wordsFor([old, { ...now, said: 5 }], new Set([STREAM])))).toEqual([STREAM]);
  });

  test("the current stream has the last word, because the topic keeps one", () => {
    expect(
      streams(
        wordsFor(
          [
            { ...old, said: 8 },
            { ...now, said: 5 },
          ],
          new Set(),
        ),
      ),
    ).toEqual([OLD, STREAM]);
  });

  test("nothing is said of a stream of which nothing is whole", () => {
    expect(wordsFor([{ ...now, upto: 0, said: 0 }], new Set([STREAM]))).toEqual([]);
  });
});
