// A flipped byte in every page of the database: what is sent afterwards is what was recorded, or a gap owns it.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Journal, OUTBOX_LANES } from "../../src/journal/journal.ts";
import { openJournal } from "../../src/journal/open.ts";
import { builtUrl } from "../../src/place.ts";
import { between, seededRandom } from "../../src/simulate/random.ts";
import type { Envelope, EventType } from "../../src/words/events.ts";
import { stamped } from "../../test/fakes/events.ts";
import { until } from "../../test/fakes/until.ts";
import { ownedSeqs } from "./arrivals.ts";
import { mustBe, type Outcome, type TrialContext } from "./trial.ts";

const EVENTS = 1_500;
/** Pages are 4096 bytes: `PAGE_BYTES` of the journal. */
const PAGE = 4_096;
/** A damaged journal must be open again within this time, milliseconds. */
const WITHIN_MS = 30_000;

/** What came of one flipped byte. */
interface Fate {
  readonly wrong: string[];
  readonly aside: boolean;
  readonly changed: number;
  readonly missing: number;
  readonly owned: number;
}

/** Flips one byte in each page, or in some, of a journal whose every event still waits; every copy is then opened and drained. */
export async function flippedBytes({ folder, seed, count, progress }: TrialContext): Promise<Outcome> {
  const random = seededRandom(seed);
  const original = join(folder, "original", "journal.db");
  const recorded = await record(original);
  const pages = Math.floor(statSync(original).size / PAGE);
  const wanted = Math.min(pages, count(pages, 12));
  let aside = 0;
  let changed = 0;
  let owned = 0;
  const wrong: string[] = [];
  for (let n = 0; n < wanted; n += 1) {
    const page = Math.floor((n * pages) / wanted);
    const at = page * PAGE + Math.floor(between(random, 0, PAGE));
    const bit = 1 << Math.floor(random() * 8);
    const file = join(folder, `page-${page}`, "journal.db");
    mkdirSync(join(folder, `page-${page}`));
    copyFileSync(original, file);
    flip(file, at, bit);
    const fate = await drain(file, recorded);
    if (fate.aside) aside += 1;
    changed += fate.changed;
    owned += fate.owned;
    if (fate.wrong.length > 0) wrong.push(`page ${page}, byte ${at % PAGE}, bit ${bit}: ${fate.wrong.join(", ")}`);
    else rmSync(join(folder, `page-${page}`), { recursive: true });
    if ((n + 1) % 50 === 0) progress(`${n + 1} of ${wanted} pages, ${wrong.length} wrong`);
  }
  const counts = {
    pages: wanted,
    "set aside and saved": aside,
    "harmless or mended": wanted - aside - wrong.length,
    "events owned by gaps": owned,
    "events sent changed": changed,
    "pages with a silent loss or worse": wrong.length,
  };
  return {
    did: `one byte flipped in ${wanted === pages ? "every page" : `${wanted} of ${pages} pages`} of a journal of ${EVENTS} unsent events`,
    counts,
    wrong: [
      ...mustBe({ "events sent changed": 0, "pages with a silent loss or worse": 0 }, counts),
      ...wrong.slice(0, 5),
    ],
  };
}

/** Makes a journal of unsent events and closes it; every envelope as it must arrive, by seq. */
async function record(file: string): Promise<ReadonlyMap<number, string>> {
  const { journal } = await open(file);
  const types: EventType[] = ["press", "press", "contact", "presence", "health", "mood"];
  for (let n = 0; n < EVENTS; n += 50) {
    const events = Array.from({ length: 50 }, (_, i) => stamped(types[(n + i) % types.length] ?? "press", n + i));
    await journal.commit({ events, keep: { [`window:${n % 400}`]: { n, seen: "x".repeat(64) } } });
  }
  const sent = new Map<number, string>();
  for (const { json, seq } of await everyWaiting(journal)) sent.set(seq, json);
  await journal.close();
  if (sent.size !== EVENTS || existsSync(`${file}-wal`))
    throw new Error("the journal to be damaged is not as it should be");
  return sent;
}

function flip(file: string, at: number, bit: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ bit;
  writeFileSync(file, bytes);
}

/** Opens a damaged journal as the agent does, presses once, sends everything, and compares it with what was recorded. */
async function drain(file: string, recorded: ReadonlyMap<number, string>): Promise<Fate> {
  const { journal, said } = await open(file);
  const first = [...recorded.values()][0] ?? "";
  const { stream: oldStream } = JSON.parse(first) as Envelope;
  const wrong: string[] = [];
  try {
    const press = await journal.commit({ events: [stamped("press", EVENTS + 1)], keep: {} });
    if (press.firstSeq === undefined) wrong.push("the new press has no number");
    const sent = await sendEverything(journal);
    let changed = 0;
    const came = new Set<number>();
    const owned = ownedSeqs(sent.map(({ json }) => JSON.parse(json) as Envelope));
    for (const { stream, seq, json } of sent) {
      if (stream !== oldStream || !recorded.has(seq)) continue;
      came.add(seq);
      if (recorded.get(seq) !== json) changed += 1;
    }
    const lost = [...recorded.keys()].filter((seq) => !came.has(seq));
    const ownedLost = lost.filter((seq) =>
      owned.some(({ stream, from, to }) => stream === oldStream && from <= seq && seq <= to),
    );
    if (changed > 0) wrong.push(`${changed} events were sent changed`);
    if (ownedLost.length < lost.length) wrong.push(`${lost.length - ownedLost.length} events lost and not owned`);
    if (!sent.some(({ json }) => json.includes(`"mono":${EVENTS + 1},`))) wrong.push("the new press was not sent");
    return { wrong, aside: said.includes("JOURNAL_DAMAGED"), changed, missing: lost.length, owned: ownedLost.length };
  } finally {
    await journal.close();
  }
}

interface Sent {
  readonly stream: string;
  readonly seq: number;
  readonly json: string;
}

/** Takes every row that waits, lane by lane, and leaves it there. */
async function everyWaiting(journal: Journal): Promise<Sent[]> {
  const rows: Sent[] = [];
  for (const lane of OUTBOX_LANES)
    for (let after = 0, some = 1; some > 0; ) {
      const taken = await journal.waiting(lane, after, 500);
      rows.push(...taken);
      after = taken.at(-1)?.at ?? after;
      some = taken.length;
    }
  return rows;
}

/** Sends everything as the uplink does, until nothing waits any more: a file may be set aside meanwhile. */
async function sendEverything(journal: Journal): Promise<Sent[]> {
  const rows: Sent[] = [];
  await until(
    async () => {
      const some = await everyWaiting(journal);
      rows.push(...some);
      journal.settle(some.map(({ stream, seq }) => ({ stream, seq })));
      return (await journal.head()).waiting === 0;
    },
    "everything was sent",
    WITHIN_MS,
  );
  return rows;
}

async function open(file: string): Promise<{ journal: Journal; said: string[] }> {
  const said: string[] = [];
  const opening = openJournal({
    file,
    threadUrl: builtUrl("journal/thread.js"),
    checkUrl: builtUrl("journal/check-file.js"),
    machine: "chaos",
    device: "till-03",
    now: () => new Date(),
    gap: (data) => stamped("gap", 0, data),
    report: (state, fault) => said.push(fault?.code ?? state),
    backoff: { firstMs: 10, maxMs: 50, stableAfterMs: 0 },
  });
  return { journal: await opening, said };
}
