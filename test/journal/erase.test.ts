// An erasure in the journal: which rows go, who owns their numbers, what is left of them in any byte of the folder.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { Erasable, ErasedData, ErasureOrder } from "../../src/words/erased.ts";
import type { EventType } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";
import { hasCompiler } from "../fakes/preloaded.ts";
import { buildSlowSync, slowSyncEnv } from "../fakes/slow-sync.ts";
import { until } from "../fakes/until.ts";
import { freshFile, open, startChild, stored, verified } from "./rig.ts";

// One of them starts a process for every sync there is.
vi.setConfig({ testTimeout: 240_000 });

const ANNA = { key: "k1", hash: "a11a0123456789abcdef0123456789ab" };
const BERTA = { key: "k1", hash: "bebe0123456789abcdef0123456789ab" };
const NOTHING_ELSE = { spared: [], keep: {} };

const order = (erasable: Erasable, id = "e1"): ErasureOrder => ({
  order: id,
  erasable,
  by: "ops@example",
  reason: "article 17",
  via: "mqtt",
});
const ofAnna = order({ what: "customer", customers: [ANNA] });
const event = (type: EventType, more: Record<string, unknown> = {}) => {
  const whole = stamped(type, 1);
  return { ...whole, data: { ...whole.data, ...more } };
};
const one = (type: EventType, more: Record<string, unknown> = {}) => ({ events: [event(type, more)], keep: {} });

/** Names of the files of the data folder in which this text is. */
function holding(file: string, text: string): string[] {
  const folder = dirname(file);
  return readdirSync(folder).filter((name) => {
    try {
      return readFileSync(join(folder, name)).includes(text);
    } catch {
      // It went in that moment.
      return existsSync(join(folder, name));
    }
  });
}
const erasedIn = (file: string): ErasedData[] =>
  stored(file).flatMap(({ type, data }) => (type === "erased" ? [data as ErasedData] : []));

describe("of a customer", () => {
  it("takes what names them and what is tied to that, and nothing else; the numbers are owned", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    const { stream } = await journal.head();
    const press = event("press", { customer: ANNA, transaction: "4711" });
    await journal.commit({ events: [event("press", { customer: BERTA }), press], keep: {} });
    await journal.commit(one("answer", { run: "walk", text: "before the card was read" }));
    await journal.commit(one("answer", { run: "walk", customer: ANNA }));
    await journal.commit(
      one("callback", { follows: press.id, sealed: "AQsealed", expires: "2027-01-01T00:00:00.000Z" }),
    );
    await journal.commit(one("alert", { key: "alert-1", press: press.id }));
    await journal.commit(one("callback", { alert: "alert-1", sealed: "AQother", expires: "2027-01-01T00:00:00.000Z" }));
    await journal.commit(one("scan", { kind: "customer", customer: BERTA, formerly: { ...ANNA, key: "k0" } }));
    await journal.commit(one("scan", { kind: "customer", formerly: ANNA }));
    await journal.commit(one("transaction", { transaction: "4711" }));
    journal.settle([{ seq: 1 }, { seq: 2 }, { seq: 4, refused: "too large" }]);
    expect(holding(file, ANNA.hash)).not.toEqual([]);

    expect(await journal.erase(ofAnna, NOTHING_ELSE)).toEqual({ count: 6 });

    expect(stored(file).map(({ seq, type }) => [seq, type])).toEqual([
      [1, "press"],
      [6, "alert"],
      [8, "scan"],
      [10, "transaction"],
      [11, "erased"],
    ]);
    const [erased] = erasedIn(file);
    const ranges = [
      [2, 5],
      [7, 7],
      [9, 9],
    ];
    expect(erased).toMatchObject({ what: "customer", stream, ranges, count: 6, order: "e1", by: "ops@example" });
    const [match] = erased?.matches ?? [];
    expect(match?.sha256).toBe(createHash("sha256").update(`${match?.salt}${ANNA.hash}`).digest("hex"));
    expect(verified(file).findings).toEqual([]);
    expect(await journal.head()).toMatchObject({ head: 11, done: 5, waiting: 4 });
    // The sale of somebody else under another key stays as it was; of Anna there is nothing in any byte.
    expect(stored(file)[2]?.data).toMatchObject({ customer: BERTA });
    for (const trace of ["AQsealed", "AQother", "before the card was read"]) expect(holding(file, trace)).toEqual([]);
  });

  it("takes what is kept of them, and leaves what else is kept there", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    const context = {
      shift: { staff: "anna" },
      sales: [{ transaction: "1", customer: ANNA }, { transaction: "2" }],
      customer: { customer: ANNA, at: 1 },
    };
    const keep = { "context:till": context, whole: { customer: ANNA }, other: { customer: BERTA }, "spared:x": ANNA };
    await journal.commit({ events: [], keep });
    await journal.erase(ofAnna, { spared: ["spared:"], keep: { other: null } });
    expect(await journal.kept("")).toEqual({
      "context:till": { shift: { staff: "anna" }, sales: [{ transaction: "2" }] },
      "spared:x": ANNA,
    });
  });

  it("is told though nothing of them is left here, and again when asked again", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    await journal.commit(one("press", { customer: BERTA }));
    expect(await journal.erase(ofAnna, NOTHING_ELSE)).toEqual({ count: 0 });
    expect(await journal.erase(ofAnna, NOTHING_ELSE)).toEqual({ count: 0 });
    expect(erasedIn(file).map(({ ranges, count, matches }) => [ranges, count, matches?.length])).toEqual([
      [[], 0, 1],
      [[], 0, 1],
    ]);
    const salts = erasedIn(file).map(({ matches }) => matches?.[0]?.salt);
    expect(new Set(salts).size).toBe(2);
  });

  it("leaves no byte behind among thousands of rows, in copies that were set aside neither", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    const long = "words ".repeat(120);
    for (let n = 0; n < 3_000; n += 50) {
      const events = Array.from({ length: 50 }, (_, i) =>
        event("answer", {
          run: `${n + i}`,
          text: long.slice(0, (n * 7 + i * 31) % 700),
          ...(i % 10 < 3 ? { customer: ANNA } : {}),
        }),
      );
      await journal.commit({ events, keep: { [`context:${n % 7}`]: { pad: long.slice(0, n % 600), customer: ANNA } } });
    }
    for (const copy of [".damaged-20261122T091407311Z", ".moved-20261122T091407311Z-2", ".v1"]) {
      writeFileSync(`${file}${copy}`, ANNA.hash);
      writeFileSync(`${file}${copy}-wal`, ANNA.hash);
    }
    expect(await journal.erase(ofAnna, NOTHING_ELSE)).toEqual({ count: 900 });
    expect(holding(file, ANNA.hash)).toEqual([]);
    expect(stored(file).length).toBe(2_101);
    expect(verified(file).findings).toEqual([]);
    await journal.commit(one("press"));
    await journal.close();
    expect(holding(file, ANNA.hash)).toEqual([]);
    expect(await (await open(file)).journal.head()).toMatchObject({ head: 3_002 });
  });

  it("names at most a thousand ranges in one event", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    const events = Array.from({ length: 2_400 }, (_, n) => event("press", n % 2 === 0 ? { customer: ANNA } : {}));
    for (let at = 0; at < events.length; at += 600)
      await journal.commit({ events: events.slice(at, at + 600), keep: {} });
    expect(await journal.erase(ofAnna, NOTHING_ELSE)).toEqual({ count: 1_200 });
    expect(erasedIn(file).map(({ ranges, count }) => [ranges.length, count])).toEqual([
      [1_000, 1_000],
      [200, 200],
    ]);
    expect(verified(file).findings).toEqual([]);
  });
});

it("of a sale takes what names it", async () => {
  const file = freshFile();
  const { journal } = await open(file);
  await journal.commit(one("transaction", { transaction: 'a"1', amount: 1 }));
  await journal.commit(one("press", { transaction: 'a"1' }));
  await journal.commit(one("press", { transaction: "a" }));
  await journal.erase(order({ what: "transaction", transaction: 'a"1' }), NOTHING_ELSE);
  expect(stored(file).map(({ seq }) => seq)).toEqual([3, 4]);
  expect(holding(file, String.raw`a\"1`)).toEqual([]);
});

it("of a span takes what is of people there, of one touchpoint or of none", async () => {
  const file = freshFile();
  const { journal } = await open(file);
  const at = (time: string, type: EventType, touchpoint?: string) => {
    const { touchpoint: _touchpoint, ...rest } = event(type);
    return { ...rest, time, ...(touchpoint === undefined ? {} : { touchpoint }) };
  };
  await journal.commit({
    events: [
      at("2026-11-22T08:59:59.999Z", "press", "checkout"),
      at("2026-11-22T09:00:00.000Z", "press", "checkout"),
      at("2026-11-22T09:30:00.000Z", "press", "door"),
      at("2026-11-22T09:30:00.000Z", "visit"),
      at("2026-11-22T09:30:00.000Z", "health"),
      at("2026-11-22T09:30:00.000Z", "gap", "checkout"),
      at("2026-11-22T10:00:00.000Z", "press", "checkout"),
    ],
    keep: {},
  });
  const span = { what: "span", from: "2026-11-22T10:00:00+01:00", to: "2026-11-22T10:00:00Z" } as const;
  await journal.erase(order({ ...span, touchpoint: "checkout" }), NOTHING_ELSE);
  expect(stored(file).map(({ seq }) => seq)).toEqual([1, 3, 5, 6, 7, 8]);
  expect(erasedIn(file)[0]).toMatchObject({ ...span, touchpoint: "checkout", count: 2 });
  await journal.erase(order(span, "e2"), NOTHING_ELSE);
  expect(stored(file).map(({ seq }) => seq)).toEqual([1, 5, 6, 7, 8, 9]);
  expect(verified(file).findings).toEqual([]);
});

describe("of all", () => {
  it("leaves a journal that knows its stream and its head, and what was to be spared", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    const { stream } = await journal.head();
    for (let n = 0; n < 20; n += 1)
      await journal.commit({
        events: Array.from({ length: 100 }, () => event("press", { customer: ANNA })),
        keep: { "context:till": { customer: ANNA }, "command:7": 1 },
      });
    await journal.erase(order({ what: "all" }), { spared: ["command:"], keep: {} });
    expect(stored(file).map(({ seq, type }) => [seq, type])).toEqual([[2_001, "erased"]]);
    expect(erasedIn(file)[0]).toMatchObject({ what: "all", stream, ranges: [[1, 2_000]], count: 2_000 });
    expect(await journal.kept("")).toEqual({ "command:7": 1 });
    expect(await journal.head()).toMatchObject({ stream, head: 2_001, done: 2_000, waiting: 1 });
    expect(holding(file, ANNA.hash)).toEqual([]);
    expect(readFileSync(file).length).toBeLessThan(200_000);
    expect(verified(file).findings).toEqual([]);
    await journal.commit(one("press"));
    await journal.close();
    expect(await (await open(file)).journal.head()).toMatchObject({ stream, head: 2_002, waiting: 2 });
  });

  it("takes along rows of an earlier stream that still waited, and says so under its name", async () => {
    const file = freshFile();
    const first = await open(file);
    const earlier = (await first.journal.head()).stream;
    await first.journal.commit(one("press", { customer: ANNA }));
    await first.journal.close();
    const { journal } = await open(file, { machine: "other", device: "till-03" });
    expect((await journal.waiting(3, 0, 10)).length).toBe(1);
    await journal.erase(order({ what: "all" }), NOTHING_ELSE);
    expect(await journal.waiting(3, 0, 10)).toEqual([]);
    expect(erasedIn(file).map(({ stream, ranges }) => [stream, ranges])).toContainEqual([earlier, [[1, 1]]]);
    expect(holding(file, ANNA.hash)).toEqual([]);
  });
});

describe.skipIf(!hasCompiler)("killed (needs gcc)", () => {
  const whats: Erasable[] = [{ what: "customer", customers: [ANNA] }, { what: "all" }];
  it.each(whats)(
    "at every sync of an erasure ($what): whole or not begun, and wiped by the next start",
    async (erasable) => {
      const library = buildSlowSync(dirname(dirname(freshFile())));
      const seen = new Set<string>();
      for (let nth = 1, ended = false; !ended; nth += 1) {
        const file = freshFile();
        const first = await open(file, { machine: "child" });
        const events = Array.from({ length: 300 }, (_, n) => event("press", n % 3 === 0 ? { customer: ANNA } : {}));
        await first.journal.commit({ events, keep: { "context:till": { customer: ANNA } } });
        await first.journal.close();
        writeFileSync(`${file}.damaged-20261122T091407311Z`, ANNA.hash);

        const child = startChild(file, { env: slowSyncEnv(library, { kill: { nth, name: "journal.db" } }) });
        child.tell({ erase: order(erasable) });
        child.tell({ close: true });
        await child.gone();
        ended = child.lines.some((line) => "closed" in line);

        const again = await open(file, { machine: "child" });
        const begun = erasedIn(file).length;
        seen.add(ended ? "ended" : begun === 0 ? "killed before" : "killed after");
        if (begun === 0) await again.journal.erase(order(erasable), NOTHING_ELSE);
        // Where it had begun nobody asks again: what is left to be wiped is wiped at the first look.
        await until(() => holding(file, ANNA.hash).length === 0, `nothing is left after a kill at sync ${nth}`);
        await again.journal.close();
        expect(erasedIn(file).length).toBe(1);
        expect(verified(file).findings).toEqual([]);
      }
      expect([...seen].sort()).toEqual(["ended", "killed after", "killed before"]);
    },
  );
});
