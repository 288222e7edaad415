// Two devices never share a stream: cloned cards, copies that were put back, streams that ended.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { AGAIN_LANE, type Journal } from "../../src/journal/journal.ts";
import { isSameMachine, readMachine } from "../../src/journal/machine.ts";
import { ownedBy } from "../../src/journal/retention.ts";
import { type Envelope, GapData } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";
import { until } from "../fakes/until.ts";
import { freshFile, open, stored, verified } from "./rig.ts";

const press = (n: number) => ({ events: [stamped("press", n)], keep: { last: n } });

async function presses(journal: Journal, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await journal.commit(press(n));
}

async function again(journal: Journal): Promise<Envelope[]> {
  return (await journal.waiting(AGAIN_LANE, 0, 1_000)).map((row) => JSON.parse(row.json) as Envelope);
}

/** What gaps of the journal own of an earlier stream. */
function ownedOf(file: string, stream: string): (readonly [number, number])[] {
  const gaps = stored(file).flatMap((event) => (event.type === "gap" ? [GapData.parse(event.data)] : []));
  return gaps.filter((gap) => gap.stream === stream).flatMap(ownedBy);
}

/** A copy of the journal as an image of the card holds it. */
function copyTo(from: string, to: string, ends = ["", "-wal", ".witness"]): void {
  mkdirSync(dirname(to), { recursive: true });
  for (const end of ends) {
    rmSync(`${to}${end}`, { force: true });
    try {
      copyFileSync(`${from}${end}`, `${to}${end}`);
    } catch (thrown) {
      if (!(thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT")) throw thrown;
    }
  }
}

describe("a machine", () => {
  it("is told by its installation and by its board", () => {
    const folder = mkdtempSync(join(tmpdir(), "touchpoint-machine-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const put = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const installation = put("machine-id", "0123456789abcdef0123456789abcdef\n");
    const [one, other] = [put("one", "1000000012345678\0"), put("other", "1000000087654321\0")];
    const none = join(folder, "none");
    const identity = readMachine(installation, [none, one]);
    expect(identity).toMatch(/^[0-9a-f]{16}\.[0-9a-f]{16}$/);
    expect(isSameMachine(identity, readMachine(installation, [one]))).toBe(true);
    // The machine id is on the card, and comes along with it.
    expect(isSameMachine(identity, readMachine(installation, [other]))).toBe(false);
    expect(isSameMachine(identity, readMachine(installation, [none]))).toBe(true);
    expect(isSameMachine(identity, readMachine(none, [none]))).toBe(true);
    expect(isSameMachine(identity, readMachine(one, [one]))).toBe(false);
    expect(readMachine(none, [none])).toBe("");
  });
});

describe("a cloned card", () => {
  it("in another machine begins a new stream, and carries over what waits under this device's name only", async () => {
    const origin = freshFile();
    const first = await open(origin, { machine: "a.1" });
    await presses(first.journal, 1, 5);
    await first.journal.commit({ events: [{ ...stamped("press", 6), device: "till-04" }], keep: {} });
    first.journal.settle([{ seq: 1 }]);
    const { stream } = await first.journal.head();
    await first.journal.close();
    const clone = freshFile();
    copyTo(origin, clone);
    const { journal, reported } = await open(clone, { machine: "a.2", device: "till-03" });
    expect(reported).toEqual(["starting", "JOURNAL_MOVED", "ok"]);
    expect((await journal.head()).stream).not.toBe(stream);
    const rows = await again(journal);
    expect(rows.map((row) => [row.stream, row.seq])).toEqual([2, 3, 4, 5].map((seq) => [stream, seq]));
    await journal.commit(press(7));
    // What the other machine may still send is not called lost.
    expect(ownedOf(clone, stream)).toEqual([]);
    expect(await journal.kept("")).toEqual({ last: 7 });
    const original = await open(origin, { machine: "a.1" });
    expect(await original.journal.commit(press(7))).toEqual({ firstSeq: 7, lastSeq: 7 });
    expect((await original.journal.head()).stream).toBe(stream);
  });
});

describe("an older copy that is put back", () => {
  it("is known by the file beside it: new stream, what waits carried over, what it lacks owned", async () => {
    const file = freshFile();
    const first = await open(file);
    await presses(first.journal, 1, 10);
    first.journal.settle([1, 2, 3, 4].map((seq) => ({ seq })));
    const { stream } = await first.journal.head();
    await first.journal.close();
    const copy = freshFile();
    copyTo(file, copy, [""]);
    const second = await open(file);
    await presses(second.journal, 11, 25);
    await second.journal.close();
    copyTo(copy, file, [""]);
    const { journal, reported } = await open(file);
    await until(() => reported.at(-1) === "ok", "the journal is well");
    expect(reported).toEqual(["starting", "JOURNAL_RESTORED", "ok"]);
    expect((await journal.head()).stream).not.toBe(stream);
    expect((await again(journal)).map((row) => row.seq)).toEqual([5, 6, 7, 8, 9, 10]);
    expect(ownedOf(file, stream)).toEqual([[11, 25]]);
    await journal.close();
    expect((await open(file)).reported).toEqual(["starting", "ok"]);
    expect(verified(file).findings).toEqual([]);
  });

  it("is known although its stream had ended meanwhile", async () => {
    const file = freshFile();
    const first = await open(file);
    await presses(first.journal, 1, 3);
    const { stream } = await first.journal.head();
    await first.journal.close();
    const copy = freshFile();
    copyTo(file, copy, [""]);
    writeFileSync(file, "noise".repeat(4_000));
    await (await open(file)).journal.close();
    copyTo(copy, file, [""]);
    const { journal, reported } = await open(file);
    expect(reported).toContain("JOURNAL_RESTORED");
    expect((await journal.head()).stream).not.toBe(stream);
    expect((await again(journal)).map((row) => row.seq)).toEqual([1, 2, 3]);
  });

  it("with its witness is known by what the broker remembers; numbers given twice come under a new stream", async () => {
    const file = freshFile();
    const first = await open(file);
    expect(await first.journal.witness("", 0)).toBe(false);
    await presses(first.journal, 1, 10);
    first.journal.settle([1, 2, 3, 4].map((seq) => ({ seq })));
    const { stream } = await first.journal.head();
    await first.journal.close();
    const copy = freshFile();
    copyTo(file, copy);
    const second = await open(file);
    await presses(second.journal, 11, 25);
    await second.journal.close();
    copyTo(copy, file);
    // Put back, started twice without a broker: 11 to 14 are given once more.
    const third = await open(file);
    await presses(third.journal, 111, 112);
    await third.journal.close();
    const { journal, reported } = await open(file);
    await presses(journal, 113, 114);
    expect((await journal.head()).stream).toBe(stream);
    let told = 0;
    journal.onCommitted(() => {
      told += 1;
    });
    const waited = journal.waiting(1, 0, 100);
    expect(await journal.witness(stream, 25)).toBe(true);
    await until(() => reported.at(-1) === "ok", "the journal is well");
    expect(reported).toContain("JOURNAL_RESTORED");
    const { stream: now } = await journal.head();
    expect(now).not.toBe(stream);
    await until(() => told > 0, "listeners hear of the new stream");
    expect((await again(journal)).map((row) => [row.stream, row.seq])).toEqual(
      [5, 6, 7, 8, 9, 10].map((seq) => [stream, seq]),
    );
    const after = (await waited).at(-1)?.at ?? 0;
    const fresh = (await journal.waiting(1, after, 100)).map((row) => JSON.parse(row.json) as Envelope);
    expect(fresh.map((event) => [event.stream, event.seq, event.mono])).toEqual([
      [now, 1, 111],
      [now, 2, 112],
      [now, 3, 113],
      [now, 4, 114],
    ]);
    expect(ownedOf(file, stream)).toEqual([[11, 25]]);
    await journal.commit(press(115));
    expect(await journal.witness(now, 1)).toBe(false);
    expect(verified(file).findings).toEqual([]);
  });

  it("is not suspected where the broker remembers no more than this file gave", async () => {
    const { journal, reported } = await open(freshFile());
    await journal.witness("", 0);
    await presses(journal, 1, 8);
    const { stream } = await journal.head();
    expect(await journal.witness(stream, 8)).toBe(false);
    expect(await journal.witness(stream, 3)).toBe(false);
    expect(await journal.witness("another", 900)).toBe(false);
    await presses(journal, 9, 12);
    expect(await journal.witness(stream, 12)).toBe(false);
    expect(reported).toEqual(["starting", "ok"]);
  });
});
