// What goes first when the journal is too long, who owns it, and that the file stays bounded.
import { statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Journal } from "../../src/journal/journal.ts";
import { countOf, gapsOver, ownedBy, rangesOf, united, without, worthOf } from "../../src/journal/retention.ts";
import { type EventType, GapData } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";
import { until } from "../fakes/until.ts";
import { freshFile, open, stored, verified } from "./rig.ts";

const QUOTA = { maxBytes: 1_200_000, maxAgeMs: 90 * 86_400_000, reserveBytes: 0 };

/** Commits `count` events, a few kinds in turn, in steps of ten. */
async function fill(journal: Journal, count: number, types: readonly EventType[], from = 0): Promise<void> {
  for (let n = from; n < from + count; n += 10)
    await journal.commit({
      events: Array.from({ length: 10 }, (_, i) => stamped(types[(n + i) % types.length] ?? "press", n + i)),
      keep: {},
    });
}

const gapsIn = (file: string) =>
  stored(file).flatMap((event) => (event.type === "gap" ? [GapData.parse(event.data)] : []));

describe("ranges", () => {
  it("are made, united and subtracted", () => {
    expect(rangesOf([1, 2, 3, 7, 9, 10])).toEqual([
      [1, 3],
      [7, 7],
      [9, 10],
    ]);
    expect(
      united([
        [9, 10],
        [1, 3],
        [4, 7],
        [10, 12],
      ]),
    ).toEqual([
      [1, 7],
      [9, 12],
    ]);
    expect(
      without(
        [[1, 10]],
        [
          [3, 4],
          [9, 20],
        ],
      ),
    ).toEqual([
      [1, 2],
      [5, 8],
    ]);
    expect(
      countOf([
        [1, 3],
        [7, 7],
      ]),
    ).toBe(4);
  });

  it("become gaps that say exactly what is lost, each short enough to be sent", () => {
    expect(gapsOver([[5, 9]], "full", { types: { mood: 5 } })).toEqual([
      { source: "journal", from: 5, to: 9, count: 5, types: { mood: 5 }, reason: "full" },
    ]);
    const odd = Array.from({ length: 2_500 }, (_, n) => [2 * n + 1, 2 * n + 1] as const);
    const gaps = gapsOver(odd, "full");
    expect(gaps.flatMap(ownedBy)).toEqual(odd);
    for (const gap of gaps) {
      expect(JSON.stringify(gap).length).toBeLessThan(32_768);
      expect(GapData.parse(gap)).toEqual(gap);
    }
  });

  it("give up presses last and gaps never", () => {
    expect(["mood", "presence", "health", "contact", "later", "press", "alert", "gap"].map(worthOf)).toEqual([
      0,
      0,
      0,
      1,
      1,
      2,
      2,
      undefined,
    ]);
  });
});

describe("a journal that is too long", () => {
  it("gives up what was sent, without a gap, and keeps what waits", async () => {
    const file = freshFile();
    const { journal } = await open(file, { quota: QUOTA });
    await fill(journal, 1_500, ["press", "mood"]);
    journal.settle(Array.from({ length: 1_400 }, (_, n) => ({ seq: n + 1 })));
    await fill(journal, 2_000, ["press", "contact"], 1_500);
    await until(async () => (await journal.usage()).usedBytes <= QUOTA.maxBytes, "the journal is within its quota");
    expect(gapsIn(file)).toEqual([]);
    const seqs = stored(file).map((event) => event.seq);
    for (let seq = 1_401; seq <= 3_500; seq++) expect(seqs).toContain(seq);
    expect(seqs.length).toBeLessThan(3_500);
    expect(verified(file)).toMatchObject({ ok: true, head: 3_500 });
  });

  it("drops unsent moods before contacts and contacts before presses, all owned by gaps", async () => {
    const file = freshFile();
    const { journal, reported } = await open(file, { quota: QUOTA });
    const kinds: readonly EventType[] = ["press", "mood", "contact"];
    await fill(journal, 4_500, kinds);
    // Until nothing more is dropped: what is read below is read in several looks.
    await until(async () => (await journal.usage()).usedBytes <= QUOTA.maxBytes, "the journal is bounded");
    expect(reported).toContain("JOURNAL_QUOTA");
    const left = (type: string): number => stored(file).filter((event) => event.type === type).length;
    expect(left("press")).toBe(1_500);
    expect(left("mood")).toBe(0);
    const lost = gapsIn(file).reduce((sum, gap) => sum + gap.count, 0);
    const gone = new Set(
      gapsIn(file)
        .flatMap(ownedBy)
        .flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, n) => from + n)),
    );
    expect(gone.size).toBe(lost);
    const { head } = await journal.head();
    const there = new Set(stored(file).map((event) => event.seq));
    for (let seq = 1; seq <= head; seq++) expect(there.has(seq) !== gone.has(seq), `seq ${seq}`).toBe(true);
    expect(verified(file).findings).toEqual([]);
    // The numbers that are waited for are those that are there.
    expect((await journal.head()).waiting).toBe(there.size);
  });

  it("stays bounded for as long as nothing can be sent, presses and all", async () => {
    const file = freshFile();
    const { journal } = await open(file, { quota: { ...QUOTA, maxBytes: 1_048_576 } });
    let most = 0;
    for (let round = 0; round < 8; round++) {
      await fill(journal, 1_000, ["press", "presence"], round * 1_000);
      await until(async () => (await journal.usage()).usedBytes <= 1_048_576 * 1.1, "the journal is bounded");
      most = Math.max(most, statSync(file).size);
    }
    expect(most).toBeLessThan(2_500_000);
    await until(async () => (await journal.usage()).usedBytes <= 1_048_576, "nothing more is dropped");
    expect(verified(file).findings).toEqual([]);
    const presses = stored(file).filter((event) => event.type === "press");
    // The newest are kept.
    expect(presses.at(-1)?.mono).toBe(7_998);
    expect(gapsIn(file).length).toBeLessThan(60);
  }, 60_000);

  it("gives up sent rows by age, by the clock of the rows themselves, and never without a synced one", async () => {
    const file = freshFile();
    const { journal } = await open(file, { quota: { ...QUOTA, maxAgeMs: 3_600_000 } });
    const at = (n: number, time: string, clock: "synced" | "unsynced" = "synced") =>
      journal.commit({ events: [{ ...stamped("press", n), time, clock }], keep: {} });
    for (let n = 1; n <= 20; n++) await at(n, `2026-11-22T09:${String(n).padStart(2, "0")}:00.000Z`);
    journal.settle(Array.from({ length: 10 }, (_, n) => ({ seq: n + 1 })));
    await at(21, "2036-11-22T12:00:00.000Z", "unsynced");
    await journal.head();
    expect(stored(file)).toHaveLength(21);
    await at(22, "2026-11-22T12:00:00.000Z");
    await until(() => stored(file)[0]?.seq === 11, "sent rows of the morning are gone, waiting ones are not", 15_000);
    expect(verified(file)).toMatchObject({ ok: true, pruned: 10 });
  }, 30_000);
});
