// Rows that are sent once more, and times that are repaired before anybody saw them.
import { describe, expect, it } from "vitest";
import { AGAIN_LANE, type Journal } from "../../src/journal/journal.ts";
import type { EventType } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";
import { until } from "../fakes/until.ts";
import { freshFile, open, stored, verified } from "./rig.ts";

const step = (type: EventType, n: number) => ({ events: [stamped(type, n)], keep: {} });
const seqs = async (journal: Journal, lane = AGAIN_LANE, after = 0) =>
  (await journal.waiting(lane, after, 100)).map((row) => row.seq);

async function ten(journal: Journal): Promise<void> {
  for (let n = 1; n <= 10; n++) await journal.commit(step(n % 2 === 0 ? "press" : "mood", n));
}

describe("resend", () => {
  it("puts sent rows back in the last lane; what waits or was refused is left, and done stays", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    await ten(journal);
    journal.settle([1, 2, 3, 4, 5].map((seq) => ({ seq })));
    journal.settle([{ seq: 6, refused: "not authorized" }]);
    let told = 0;
    journal.onCommitted(() => {
      told += 1;
    });
    expect(await journal.resend(2, 8)).toEqual({ queued: 4 });
    expect(await seqs(journal)).toEqual([2, 3, 4, 5]);
    expect(await journal.head()).toMatchObject({ done: 6, waiting: 8 });
    expect(await journal.resend(1, 1_000_000)).toEqual({ queued: 1 });
    const rows = await journal.waiting(AGAIN_LANE, 0, 100);
    expect(rows.map((row) => row.seq)).toEqual([2, 3, 4, 5, 1]);
    const before = new Map(stored(file).map((event) => [event.seq, JSON.stringify(event)]));
    for (const row of rows) expect(row.json).toBe(before.get(row.seq));
    journal.settle(rows.map(({ stream, seq }) => ({ stream, seq })));
    expect(await seqs(journal)).toEqual([]);
    expect(await journal.head()).toMatchObject({ done: 6, waiting: 4 });
    // Places go on: whoever reads after the last one sees what comes.
    await journal.resend(3, 3);
    expect(await seqs(journal, AGAIN_LANE, rows.at(-1)?.at ?? 0)).toEqual([3]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toBeGreaterThan(0);
    expect(verified(file).ok).toBe(true);
  });

  it("survives a restart", async () => {
    const file = freshFile();
    const first = await open(file);
    await ten(first.journal);
    first.journal.settle([1, 2, 3].map((seq) => ({ seq })));
    await first.journal.resend(1, 3);
    await first.journal.close();
    const { journal } = await open(file);
    expect(await seqs(journal)).toEqual([1, 2, 3]);
    expect((await journal.head()).waiting).toBe(10);
  });
});

describe("rows that the server did not confirm", () => {
  it("wait again when they are old enough, the oldest first, also after a restart", async () => {
    const file = freshFile();
    const first = await open(file);
    await ten(first.journal);
    const { stream } = await first.journal.head();
    first.journal.settle([1, 2, 3, 4, 5, 6].map((seq) => ({ seq, unconfirmed: true })));
    first.journal.confirm(stream, 2);
    expect(await first.journal.head()).toMatchObject({ done: 6, confirmed: 2, waiting: 4 });
    expect(await first.journal.resendUnconfirmed(3_600_000, 100)).toEqual({ queued: 0 });
    await first.journal.close();
    const { journal } = await open(file);
    expect(await journal.resendUnconfirmed(3_600_000, 100)).toEqual({ queued: 0 });
    expect(await journal.resendUnconfirmed(0, 3)).toEqual({ queued: 3 });
    expect(await seqs(journal)).toEqual([3, 4, 5]);
    expect(await journal.head()).toMatchObject({ done: 6, waiting: 7 });
    journal.settle([3, 4].map((seq) => ({ seq, unconfirmed: true })));
    journal.confirm(stream, 4);
    expect(await journal.resendUnconfirmed(0, 100)).toEqual({ queued: 1 });
    expect(await seqs(journal)).toEqual([5, 6]);
    journal.settle([5, 6].map((seq) => ({ seq, unconfirmed: true })));
    journal.confirm(stream, 6);
    expect(await journal.resendUnconfirmed(0, 100)).toEqual({ queued: 0 });
  });
});

describe("the first row that the server misses", () => {
  it("is in every round until it is confirmed, and all others have their turn meanwhile", async () => {
    const { journal } = await open(freshFile());
    await ten(journal);
    const { stream } = await journal.head();
    const all = Array.from({ length: 10 }, (_, i) => i + 1);
    journal.settle(all.map((seq) => ({ seq, unconfirmed: true })));
    const rounds: number[][] = [];
    await until(async () => {
      // Ages are whole milliseconds: what was settled just now counts as well.
      expect(await journal.resendUnconfirmed(-1, 2)).toEqual({ queued: 2 });
      const again = await seqs(journal);
      rounds.push(again);
      // Nobody listened: the broker takes it once more, and the server says nothing.
      journal.settle(again.map((seq) => ({ seq, unconfirmed: true })));
      return new Set(rounds.flat()).size === 10;
    }, "every row had its turn");
    expect(rounds.filter((round) => !round.includes(1))).toEqual([]);
    journal.confirm(stream, 1);
    await journal.resendUnconfirmed(-1, 2);
    expect(await seqs(journal)).toContain(2);
  });
});

describe("repairing times", () => {
  const HOUR_MS = 3_600_000;
  const early = (type: EventType, n: number, boot = "b1") => ({
    events: [{ ...stamped(type, n), time: "1970-01-01T00:00:05.000Z", clock: "unsynced" as const, boot }],
    keep: {},
  });

  it("moves what was never handed out, names the rest, and can be asked again", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    await journal.commit(early("press", 1, "b0"));
    await journal.commit(early("press", 2));
    await journal.commit(early("contact", 3));
    await journal.commit(early("press", 4));
    // The broker may have it: it was handed out, even where nobody ever acknowledged it.
    expect(await seqs(journal, 1)).toEqual([1, 2, 4]);
    await journal.commit(early("press", 5));
    await journal.commit(early("mood", 6));
    await journal.commit(step("press", 7));
    const before = stored(file);
    expect(await journal.repairTime("b1", HOUR_MS)).toEqual({ corrected: 3, alreadySent: 2 });
    const after = stored(file);
    for (const seq of [1, 2, 4, 7]) expect(after[seq - 1]).toEqual(before[seq - 1]);
    for (const seq of [3, 5, 6]) {
      const { time, clock, data, ...rest } = after[seq - 1] ?? before[0] ?? expect.fail();
      expect({ time, clock }).toEqual({ time: "1970-01-01T01:00:05.000Z", clock: "corrected" });
      expect(rest).toEqual({ ...before[seq - 1], time: undefined, clock: undefined, data: undefined });
      if (seq === 3) expect(data).toMatchObject({ start: "2026-11-22T10:14:07.311Z", end: "2026-11-22T10:14:09.311Z" });
      else if (seq === 6) expect(data).toMatchObject({ start: "2026-11-22T10:00:00.000Z", people: 2 });
      else expect(data).toEqual(before[seq - 1]?.data);
    }
    expect(await journal.repairTime("b1", HOUR_MS)).toEqual({ corrected: 0, alreadySent: 2 });
    expect(verified(file).findings).toEqual([]);
  });

  it("remembers over a restart what was handed out, and keeps to its part of a boot", async () => {
    const file = freshFile();
    const first = await open(file);
    for (let n = 1; n <= 6; n++) await first.journal.commit(early("press", n));
    await first.journal.waiting(1, 0, 2);
    await first.journal.close();
    const { journal } = await open(file);
    expect(await journal.repairTime("b1", HOUR_MS, { fromMono: 2, toMono: 4 })).toEqual({
      corrected: 2,
      alreadySent: 1,
    });
    expect(stored(file).map((event) => event.clock)).toEqual([
      "unsynced",
      "unsynced",
      "corrected",
      "corrected",
      "unsynced",
      "unsynced",
    ]);
  });

  it("takes a backlog of any length in parts", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    for (let n = 0; n < 12_000; n += 1_000)
      await journal.commit({
        events: Array.from({ length: 1_000 }, (_, i) => early("press", n + i + 1).events).flat(),
        keep: {},
      });
    expect(await journal.repairTime("b1", HOUR_MS)).toEqual({ corrected: 12_000, alreadySent: 0 });
    expect(await journal.repairTime("b1", HOUR_MS)).toEqual({ corrected: 0, alreadySent: 0 });
  }, 60_000);
});

describe("steps of low value", () => {
  it("wait for one another, and leave with the next press, in order", async () => {
    const file = freshFile();
    const { journal } = await open(file, { batchMs: 60_000 });
    const done: number[] = [];
    const low = [1, 2, 3].map((n) => journal.commit(step("mood", n)).then(() => done.push(n)));
    await journal.kept("");
    expect(stored(file)).toEqual([]);
    await journal.commit(step("press", 4));
    await Promise.all(low);
    expect(done).toEqual([1, 2, 3]);
    expect(stored(file).map((event) => event.mono)).toEqual([1, 2, 3, 4]);
    const late = journal.commit(step("health", 5));
    await journal.commit({ events: [], keep: {} });
    await late;
    const last = journal.commit(step("presence", 6));
    await journal.close();
    await last;
    expect(stored(file)).toHaveLength(6);
  });

  it("wait no longer than they may", async () => {
    const { journal } = await open(freshFile(), { batchMs: 30 });
    expect(await journal.commit(step("mood", 1))).toEqual({ firstSeq: 1, lastSeq: 1 });
  });
});
