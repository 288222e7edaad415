// `touchpoint simulate`: here `day`, a shop day with known truth through the real engine, beside what the metrics say of it.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { stringify } from "yaml";
import { readMachine } from "../journal/machine.ts";
import { openJournal } from "../journal/open.ts";
import { builtUrl } from "../place.ts";
import { compareDay } from "../simulate/compare.ts";
import { type LivedStep, liveDay, numbered } from "../simulate/live.ts";
import { planDay } from "../simulate/plan.ts";
import type { Row } from "../simulate/rows.ts";
import { shop, shopConfig, TIMEZONE } from "../simulate/shop.ts";
import { localTime } from "../touchpoint/local-time.ts";
import { Fault } from "../words/errors.ts";
import type { Stamped } from "../words/events.ts";
import { localDate } from "./dates.ts";
import { EXIT } from "./outcome.ts";
import { registerSimulateFleet } from "./simulate-fleet.ts";

/** Events of one transaction when a journal is written. */
const BATCH = 2_000;
const MOST_CUSTOMERS = 8_000;

interface Options {
  readonly seed: number;
  readonly date?: string;
  readonly customers: number;
  readonly json?: boolean;
  readonly ndjson?: string;
  readonly journal?: string;
}

/** Adds `simulate`. */
export function registerSimulate(program: Command): void {
  const simulate = program.command("simulate").description("what never happened, with a truth that is known");
  simulate
    .command("day")
    .description("a day of a shop with four tills; fails where the metrics say another thing than what was so")
    .option("--seed <n>", "the same seed and date are the same day", wholeUpTo(4_294_967_295), 1)
    .option("--date <date>", "on the shop's own clock, such as 2026-10-25; without it today", localDate)
    .option("--customers <n>", "about so many, 100 or more", customers, 3_000)
    .option("--json", "one JSON object")
    .option("--ndjson <file>", "write the events to this file, a line each")
    .option("--journal <folder>", "write a journal and its configuration there, for `touchpoint metrics --config`")
    .action(day);
  registerSimulateFleet(simulate);
}

async function day(options: Options): Promise<void> {
  const { seed, customers } = options;
  const date = options.date ?? localTime(Date.now(), TIMEZONE).date;
  const plan = planDay({ seed, customers, date });
  const steps = liveDay(plan, shop());
  const events = numbered(steps, seed);
  if (options.ndjson !== undefined)
    writeFileSync(options.ndjson, events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  if (options.journal !== undefined) await writeJournal(resolve(options.journal), steps, date);
  const rows = compareDay(plan, events);
  const served = Object.values(plan.truth).reduce((sum, { opinions }) => sum + opinions.length, 0);
  const counts = { seed, date, customers: served, inputs: plan.inputs.length, events: events.length };
  const misses = rows.filter(({ ok }) => !ok).length;
  if (options.json === true) process.stdout.write(`${JSON.stringify({ ...counts, misses, rows })}\n`);
  else process.stdout.write(page(counts, rows, misses));
  process.exitCode = misses === 0 ? EXIT.good : EXIT.failed;
}

function page(counts: Readonly<Record<string, number | string>>, rows: readonly Row[], misses: number): string {
  const lines = [
    `seed ${counts.seed}, ${counts.date}: ${counts.customers} customers, ${counts.inputs} inputs, ${counts.events} events`,
  ];
  let till = "";
  for (const row of rows) {
    if (row.till !== till) lines.push("", row.till);
    till = row.till;
    const head = `  ${row.ok ? "ok  " : "MISS"} ${row.what.padEnd(20)}`;
    // What is long is said once where it is the same.
    if (row.ok && row.kind === "exact") lines.push(`${head} ${row.told}`);
    else lines.push(`${head} truth ${row.truth}`, `${" ".repeat(27)} told  ${row.told}`);
  }
  lines.push("", misses === 0 ? `${rows.length} of ${rows.length} as it was` : `${misses} of ${rows.length} missed`);
  return `${lines.join("\n")}\n`;
}

/** A journal as the agent would have written it, and the configuration of the shop beside it. */
async function writeJournal(folder: string, steps: readonly LivedStep[], date: string): Promise<void> {
  const file = join(folder, "journal.db");
  if (existsSync(file)) throw new Fault("SIMULATE_EXISTS", `there is a journal already: ${file}`, { file });
  mkdirSync(folder, { recursive: true });
  const journal = await openJournal({
    file,
    threadUrl: builtUrl("journal/thread.js"),
    machine: readMachine(),
    now: () => new Date(`${date}T23:59:59Z`),
    report: (_state, fault) => {
      if (fault !== undefined) process.stderr.write(`${fault.code}: ${fault.message}\n`);
    },
    gap: () => {
      throw new Fault("JOURNAL_WRITE", "the disk failed while the journal was written");
    },
  });
  let events: Stamped[] = [];
  let keep: Record<string, unknown> = {};
  const commit = async (): Promise<void> => {
    await journal.commit({ events, keep });
    [events, keep] = [[], {}];
  };
  for (const step of steps) {
    events.push(...step.events);
    keep = { ...keep, ...step.keep };
    if (events.length >= BATCH) await commit();
  }
  await commit();
  await journal.close();
  writeFileSync(join(folder, "touchpoint.yaml"), stringify(shopConfig(folder)));
}

function customers(text: string): number {
  const many = wholeUpTo(MOST_CUSTOMERS)(text);
  if (many < 100) throw new InvalidArgumentError("100 or more");
  return many;
}

function wholeUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value) || value > most) throw new InvalidArgumentError(`a whole number up to ${most}`);
    return value;
  };
}
