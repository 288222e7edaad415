// The journal's thread crashes, or the whole process is killed: nothing acknowledged is lost, nothing is there twice.
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { stamped } from "../fakes/events.ts";
import { CRASHING_THREAD, freshFile, open, startChild, stored, verified } from "./rig.ts";

const press = (n: number) => ({ events: [stamped("press", n)], keep: { last: n } });

describe("a crash of the thread", () => {
  const plans = [
    { when: "before a batch is written", plan: "before 1" },
    { when: "after a batch is written and before it is answered", plan: "after 1" },
    { when: "again and again", plan: "after 1\nbefore 1\nbefore 2\nafter 1\nafter 2\nbefore 1" },
  ];
  it.each(plans)("$when: every step once, in order, and reported", async ({ plan }) => {
    const file = freshFile();
    await (await open(file)).journal.close();
    writeFileSync(`${file}.plan`, plan);
    const { journal, reported } = await open(file, { threadUrl: CRASHING_THREAD });
    const { stream } = await journal.head();
    const committed = await Promise.all(Array.from({ length: 700 }, (_, n) => journal.commit(press(n))));
    for (let n = 700; n < 710; n++) committed.push(await journal.commit(press(n)));
    expect(committed.map(({ firstSeq }) => firstSeq)).toEqual(committed.map((_, n) => n + 1));
    expect(stored(file).map(({ mono }) => mono)).toEqual(committed.map((_, n) => n));
    expect(reported).toContain("JOURNAL_CRASHED");
    expect(reported.at(-1)).toBe("ok");
    expect(await journal.head()).toMatchObject({ stream, head: 710, waiting: 710 });
    expect(await journal.kept("")).toEqual({ last: 709 });
    expect(verified(file).ok).toBe(true);
  });

  it("answers reads that were under way, and applies marks", async () => {
    const file = freshFile();
    const first = await open(file);
    await first.journal.commit(press(1));
    await first.journal.close();
    writeFileSync(`${file}.plan`, "before 1");
    const { journal } = await open(file, { threadUrl: CRASHING_THREAD });
    journal.settle([{ seq: 1 }]);
    const step = journal.commit(press(2));
    const [head, rows] = await Promise.all([journal.head(), journal.waiting(1, 0, 10), step]);
    expect(head.head).toBeGreaterThanOrEqual(1);
    expect(rows.map((row) => row.seq)).not.toContain(1);
    expect(await journal.head()).toMatchObject({ head: 2, done: 1, waiting: 1 });
  });
});

describe("kill -9", () => {
  it("keeps every step that was answered, the seq gapless and the stream the same", async () => {
    const file = freshFile();
    let stream: string | undefined;
    let answered = 0;
    for (const after of [1, 7, 40, 90]) {
      const child = startChild(file);
      await child.said("opened");
      child.tell({ presses: 100_000 });
      await child.said("committed", (line) => Number(line.committed) >= after);
      child.process.kill("SIGKILL");
      await child.gone();
      const opened = child.lines.find((line) => "opened" in line);
      stream ??= opened?.opened;
      expect(opened?.opened).toBe(stream);
      expect(opened?.head).toBeGreaterThanOrEqual(answered);
      for (const line of child.lines) if ("committed" in line) answered = Math.max(answered, line.lastSeq ?? 0);
      const verdict = verified(file);
      expect(verdict.findings).toEqual([]);
      expect(verdict.head).toBeGreaterThanOrEqual(answered);
      expect(verdict.stream).toBe(stream);
    }
    const { journal, reported } = await open(file, { machine: "child" });
    const { head } = await journal.head();
    expect(await journal.commit(press(1))).toEqual({ firstSeq: head + 1, lastSeq: head + 1 });
    expect(reported).toEqual(["starting", "ok"]);
  });
});
