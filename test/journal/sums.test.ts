// Checksums where a flipped bit changed what kind of value a column holds: never equal, never thrown.

import { describe, expect, it } from "vitest";
import { Database } from "../../src/journal/sqlite.ts";
import { rowSum, valueSum } from "../../src/journal/sums.ts";
import { stamped } from "../fakes/events.ts";
import { freshFile, open } from "./rig.ts";

describe("a sum", () => {
  const sumOf = (...columns: readonly unknown[]): number => Reflect.apply(rowSum, undefined, columns);

  it("is a number for what was written, and none for a column of another kind", () => {
    expect(sumOf(1, "press", 2, "{}")).toBe(rowSum(1, "press", 2, "{}"));
    const others = [
      [1, 135_387_941_059_121, 2, "{}"],
      [1, Buffer.from("press"), 2, "{}"],
      [1, "press", "2", "{}"],
      [1, "press", 2, Buffer.from("{}")],
      [1, "press", null, "{}"],
      [1, "press", 2, null],
    ];
    expect(others.map((columns) => sumOf(...columns))).toEqual(others.map(() => Number.NaN));
    expect(Reflect.apply(valueSum, undefined, ["key", 5])).toBeNaN();
    expect(Reflect.apply(valueSum, undefined, [Buffer.from("key"), "5"])).toBeNaN();
  });
});

it("a row whose text became bytes is damage, not something to try for ever", async () => {
  const file = freshFile();
  const first = await open(file);
  const { stream } = await first.journal.head();
  await first.journal.commit({ events: [stamped("press", 1), stamped("press", 2)], keep: {} });
  await first.journal.close();
  const db = new Database(file);
  db.prepare("UPDATE events SET json = CAST(json AS BLOB) WHERE seq = 1").run();
  db.close();
  const { journal, reported } = await open(file);
  // The press that can be read waits on in its old stream; the other one is owned.
  const { firstSeq } = await journal.commit({ events: [stamped("press", 3)], keep: {} });
  const waiting = async () => (await Promise.all([1, 2, 3].map((lane) => journal.waiting(lane, 0, 10)))).flat();
  const rows = await waiting();
  expect(reported).toContain("JOURNAL_DAMAGED");
  expect(rows.every(({ json }) => typeof json === "string")).toBe(true);
  expect(rows.filter((row) => row.stream === stream).map(({ seq }) => seq)).toContain(2);
  expect(firstSeq).toBeDefined();
});
