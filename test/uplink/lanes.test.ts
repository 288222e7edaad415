// Lanes hand out every row once, the lowest lane first and by seq within it, however reads and commits interleave.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { OutboxRow } from "../../src/journal/journal.ts";
import { type LaneRead, Lanes } from "../../src/uplink/lanes.ts";

const row = (seq: number, lane: number, stream = "a"): OutboxRow => ({
  at: seq,
  stream,
  seq,
  lane,
  type: "press",
  json: "{}",
});

/** Answers a read as a journal would. */
function answer(lanes: Lanes, rows: readonly OutboxRow[], read: LaneRead): void {
  const found = rows.filter(({ at, lane }) => lane === read.lane && at > read.after).slice(0, read.limit);
  lanes.add(read, found);
}

test("each row once, by seq within its lane, none left", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("commit" as const), lanes: fc.array(fc.constantFrom(0, 1, 2), { maxLength: 9 }) }),
    fc.constant({ do: "read" as const }),
    fc.constant({ do: "answer" as const }),
    fc.constant({ do: "fail" as const }),
    fc.record({ do: fc.constant("send" as const), back: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 7 }), (steps, batch) => {
      const lanes = new Lanes([2, 0, 1], batch);
      const committed: OutboxRow[] = [];
      const sent: OutboxRow[] = [];
      let asked: LaneRead[] = [];
      for (const one of steps) {
        if (one.do === "commit") {
          for (const lane of one.lanes) committed.push(row(committed.length + 1, lane));
          lanes.wake();
        } else if (one.do === "read") asked.push(...lanes.reads());
        else if (one.do === "answer") for (const read of asked.splice(0, 1)) answer(lanes, committed, read);
        else if (one.do === "fail") for (const read of asked.splice(0, 1)) lanes.failed(read);
        else {
          const next = lanes.next();
          if (next !== undefined && one.back) lanes.putBack(next);
          else if (next !== undefined) sent.push(next);
        }
      }
      while (!lanes.empty) {
        asked.push(...lanes.reads());
        for (const read of asked) answer(lanes, committed, read);
        asked = [];
        for (let next = lanes.next(); next !== undefined; next = lanes.next()) sent.push(next);
      }
      for (const lane of [0, 1, 2])
        expect(sent.filter((one) => one.lane === lane)).toEqual(committed.filter((one) => one.lane === lane));
    }),
    { numRuns: 500 },
  );
});

test("the lowest lane goes first, and rows in hand are bounded", () => {
  const rows = [...Array.from({ length: 100 }, (_, i) => row(i + 1, 2)), row(101, 1), row(102, 0)];
  const lanes = new Lanes([0, 1, 2], 10);
  for (const read of lanes.reads()) answer(lanes, rows, read);
  expect(lanes.reads()).toEqual([]);
  expect([lanes.next()?.seq, lanes.next()?.seq, lanes.next()?.seq]).toEqual([102, 101, 1]);
});

test("rows that the broker could not take for now come again in their place", () => {
  const rows = Array.from({ length: 6 }, (_, i) => row(i + 1, 1));
  const lanes = new Lanes([1], 10);
  for (const read of lanes.reads()) answer(lanes, rows, read);
  const [one, two, three] = [lanes.next(), lanes.next(), lanes.next()];
  for (const back of [three, one, two]) if (back !== undefined) lanes.putBack(back);
  expect(Array.from({ length: 6 }, () => lanes.next()?.seq)).toEqual([1, 2, 3, 4, 5, 6]);
});

test("a new stream is read from its beginning, whatever was read of the old one", () => {
  const old = Array.from({ length: 20 }, (_, i) => row(i + 1, 1, "a"));
  const fresh = Array.from({ length: 30 }, (_, i) => ({ ...row(i + 1, 1, "b"), at: 20 + i + 1 }));
  const lanes = new Lanes([0, 1, 2], 100);
  for (const read of lanes.reads()) answer(lanes, old, read);
  expect(Array.from({ length: 20 }, () => lanes.next()?.stream)).toEqual(Array(20).fill("a"));
  lanes.wake();
  const seen: OutboxRow[] = [];
  while (!lanes.empty) {
    for (const read of lanes.reads()) answer(lanes, fresh, read);
    for (let next = lanes.next(); next !== undefined; next = lanes.next()) seen.push(next);
  }
  expect(seen).toEqual(fresh);
});
