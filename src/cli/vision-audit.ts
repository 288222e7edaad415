// `touchpoint vision audit`: somebody at the door taps who really comes and goes while the agent counts.
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { clocksNow } from "../clock/clock.ts";
import { monoOf } from "../clock/keeping.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { thisMachine } from "../doctor/machine.ts";
import { openReader } from "../journal/read.ts";
import { auditLines, type Crossing } from "../metrics/audit.ts";
import { readTaps, type Tap, type Watch, watchOf } from "../metrics/taps.ts";
import { pause } from "../supervise/backoff.ts";
import { asFault, Fault } from "../words/errors.ts";
import { Envelope, EVENT_DATA } from "../words/events.ts";
import { auditText } from "./audit-text.ts";
import { readKeys } from "./keys.ts";
import { CONFIG_OPTION } from "./outcome.ts";

interface Options {
  readonly config: string;
  readonly json?: boolean;
  readonly line?: string[];
  readonly minutes?: number;
  readonly tolerance: number;
  readonly taps?: string;
  readonly save?: string;
}

/** From a crossing to its row in the journal at most, beside the journal's own batches, milliseconds. */
const ON_ITS_WAY_MS = 1_000;

/** Adds `vision audit`. */
export function registerAudit(group: Command): void {
  group
    .command("audit")
    .description("tap who really comes and goes while the agent counts; then each line's error with its 95 % interval")
    .option(...CONFIG_OPTION)
    .option("--line <id...>", "only these lines, as line or touchpoint/line; digits choose among them while tapping")
    .option("--minutes <n>", "end by itself", positive)
    .option("--tolerance <s>", "a tap and a count no further apart may be the same crossing, seconds", positive, 2.5)
    .option("--save <file>", "write each tap there as it comes, one JSON object a line")
    .option("--taps <file>", "compare taps of a file, NDJSON or CSV, instead of the keyboard")
    .option("--json", "one JSON object")
    .action(audit);
}

async function audit(options: Options): Promise<void> {
  const { config } = loadConfig(options.config);
  const lines = linesOf(config, options.line);
  const journal = join(config.local.dataDir, "journal.db");
  // Before anybody stands at the door in vain.
  openReader(journal).close();
  const taps = options.taps === undefined ? await tapLive(lines, journal, options) : readTaps(text(options.taps));
  if (options.taps === undefined) await settle(config, options);
  const watch = watchOf(taps, (name) => (name === undefined ? lines[0] : named(lines, name)));
  const { counted, cameraLost } = countedIn(journal, watch, config);
  const toleranceMs = options.tolerance * 1000;
  const audited = auditLines(counted, watch.taps, { fromMs: watch.fromMs, toMs: watch.toMs, toleranceMs, lines });
  const minutes = (watch.toMs - watch.fromMs) / 60_000;
  if (options.json === true)
    process.stdout.write(`${JSON.stringify({ minutes, toleranceMs, cameraLost, lines: audited })}\n`);
  else process.stdout.write(auditText(audited, minutes, options.tolerance, cameraLost));
}

/** Whole names, touchpoint/line, of the lines that are audited. @throws Fault LINE_UNKNOWN */
function linesOf({ fleet }: Config, asked: readonly string[] | undefined): string[] {
  const all = fleet.touchpoints.flatMap(({ id, lines }) =>
    lines.filter(({ staff }) => !staff).map((line) => `${id}/${line.id}`),
  );
  if (all.length === 0) throw new Fault("LINE_UNKNOWN", "no touchpoint has a line that is counted");
  if (asked === undefined) {
    if (all.length === 1) return all;
    throw new Fault("LINE_UNKNOWN", `name those you can see by --line: ${all.join(", ")}`);
  }
  return asked.map((name) => {
    const found = named(all, name);
    if (found === undefined) throw new Fault("LINE_UNKNOWN", `there is no line "${name}", only ${all.join(", ")}`);
    return found;
  });
}

/** The line of that whole name, or the only one whose own name it is. */
function named(lines: readonly string[], name: string): string | undefined {
  const found = lines.filter((line) => line === name || line.split("/")[1] === name);
  return found.length === 1 ? found[0] : undefined;
}

async function tapLive(lines: readonly string[], journal: string, { minutes, save }: Options): Promise<Tap[]> {
  const say = (words: string): void => void process.stderr.write(`${words}\n`);
  if (thisMachine.holders(journal).length === 0)
    say("no agent has this journal open, as far as can be seen: what nobody counts is missed");
  say("i: somebody comes in   o: goes out   u: undo   q: end");
  lines.forEach((line, i) => {
    if (lines.length > 1) say(`${i + 1}: at ${line}`);
  });
  say("What the counter counts is not shown meanwhile: tap what you see.");
  const taps: Tap[] = [];
  let saves = save;
  if (saves !== undefined) emptied(saves);
  const note = (tap: Tap["tap"], line?: string): void => {
    const { unixMs, ms, boot } = clocksNow();
    const one = {
      tap,
      time: new Date(unixMs).toISOString(),
      ...(line === undefined ? {} : { line }),
      boot,
      mono: monoOf(ms),
    };
    taps.push(one);
    if (saves === undefined) return;
    try {
      appendFileSync(saves, `${JSON.stringify(one)}\n`);
    } catch (thrown) {
      // An hour at the door is worth more than its copy.
      say(`${asFault(thrown, "TAPS_UNWRITABLE").message}; the taps go on, unsaved`);
      saves = undefined;
    }
  };
  const stop = new AbortController();
  const timer = minutes === undefined ? undefined : setTimeout(() => stop.abort(), minutes * 60_000);
  note("start");
  let [at] = lines;
  const standing: string[] = [];
  await readKeys(stop.signal, (key) => {
    if (key === "i" || key === "o") {
      const tap = key === "i" ? "in" : "out";
      note(tap, at);
      standing.push(tap);
      say(`${standing.length}  ${at}  ${tap}`);
    } else if (key === "u") {
      if (standing.pop() === undefined) return;
      note("undo");
      say(`${standing.length}  undone`);
    } else if (key === "q") stop.abort();
    else if (/^[1-9]$/.test(key) && lines[Number(key) - 1] !== undefined) {
      at = lines[Number(key) - 1];
      say(`at ${at}`);
    }
  });
  clearTimeout(timer);
  note("end");
  return taps;
}

/** Waits until the last crossing is in the journal; a second Ctrl-C does not wait. */
async function settle({ local }: Config, { tolerance }: Options): Promise<void> {
  const stop = new AbortController();
  const hurry = (): void => stop.abort();
  process.once("SIGINT", hurry).once("SIGTERM", hurry);
  await pause(tolerance * 1000 + local.journal.batchMs + ON_ITS_WAY_MS, stop.signal);
  process.off("SIGINT", hurry).off("SIGTERM", hurry);
}

/** The counter's crossings on the axis of the watch, and how often a camera of a counted line was lost meanwhile. */
function countedIn(journal: string, watch: Watch, { fleet }: Config): { counted: Crossing[]; cameraLost: number } {
  const stages = new Set(fleet.touchpoints.flatMap(({ lines }) => lines.map(({ camera }) => `camera:${camera}`)));
  const counted: Crossing[] = [];
  let cameraLost = 0;
  const reader = openReader(journal);
  try {
    for (const { json } of reader.events({ types: ["visit", "health"] })) {
      const event = Envelope.parse(JSON.parse(json));
      if (watch.boot !== undefined && event.boot !== watch.boot) continue;
      const atMs = watch.boot === undefined ? Date.parse(event.time) : event.mono;
      if (event.type === "visit") {
        const { line, direction } = EVENT_DATA.visit.parse(event.data);
        counted.push({ atMs, line: `${event.touchpoint ?? ""}/${line}`, direction });
      } else if (event.type === "health" && atMs >= watch.fromMs && atMs <= watch.toMs) {
        const { stage, state } = EVENT_DATA.health.parse(event.data);
        if (stages.has(stage) && state === "degraded") cameraLost += 1;
      }
    }
  } finally {
    reader.close();
  }
  return { counted, cameraLost };
}

function text(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (thrown) {
    throw asFault(thrown, "TAPS_INVALID");
  }
}

function emptied(file: string): void {
  try {
    writeFileSync(file, "");
  } catch (thrown) {
    throw asFault(thrown, "TAPS_UNWRITABLE");
  }
}

function positive(value: string): number {
  const number = Number(value);
  if (!(number > 0 && number <= 10_000)) throw new InvalidArgumentError("give a number above 0");
  return number;
}
