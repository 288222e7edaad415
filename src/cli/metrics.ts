// `touchpoint metrics`: how many, why and who must act, for a period, from the journal on this device.
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { loadConfig } from "../config/load.ts";
import { type EventFilter, type JournalReader, openReader } from "../journal/read.ts";
import { dayOf } from "../metrics/day.ts";
import { offsetOf, repairsIn } from "../metrics/repair.ts";
import { reportOf, type TouchpointReport } from "../metrics/report.ts";
import type { Figure } from "../metrics/scales.ts";
import { tally } from "../metrics/tally.ts";
import { localTime } from "../touchpoint/local-time.ts";
import type { Envelope } from "../words/events.ts";
import { csvLine } from "./csv.ts";
import { CONFIG_OPTION } from "./outcome.ts";

/** Answers below which nothing is told of a shift or person. */
const LEAST_OF_A_SHIFT = 5;
const BAR = 24;
/** 1 January 2100: no period that is asked for without an end reaches it. */
const NEVER_MS = 4_102_444_800_000;

interface Options {
  readonly config: string;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly day?: string;
  readonly from?: number;
  readonly to?: number;
  readonly touchpoint?: string;
  readonly question?: string;
  readonly shift?: string;
}

/** Adds `metrics`. */
export function registerMetrics(program: Command): void {
  program
    .command("metrics")
    .description("how many, why and who must act, with 95 % intervals, from the journal on this device")
    .option(...CONFIG_OPTION)
    .option(
      "--day <date>",
      "a day on the shop's own clock, such as 2026-11-22; without it and --from: today",
      localDate,
    )
    .option("--from <time>", "such as 2026-11-22T09:00:00Z; included", instantMs)
    .option("--to <time>", "not included; without it up to now", instantMs)
    .option("--touchpoint <id>", "only this touchpoint")
    .option("--question <id>", "only this question")
    .option("--shift <id>", `only this shift or person, from ${LEAST_OF_A_SHIFT} answers up; never from the camera`)
    .option("--json", "one JSON object")
    .option("--csv", "one line for each figure")
    .action(metrics);
}

function metrics(options: Options): void {
  const { config } = loadConfig(options.config);
  const period = periodOf(options, config.local.timezone);
  const reader = openReader(join(config.local.dataDir, "journal.db"));
  try {
    const reports = tally(eventsOf(reader, period), {
      period,
      ...(options.shift === undefined ? {} : { shift: options.shift }),
      ...(options.question === undefined ? {} : { question: options.question }),
    })
      .filter(({ touchpoint }) => options.touchpoint === undefined || options.touchpoint === touchpoint)
      .map((place) => reportOf(place, options.shift === undefined ? 1 : LEAST_OF_A_SHIFT))
      .map((report) => (options.shift === undefined ? report : ofShift(report)))
      .filter(saysSomething);
    const from = new Date(period.fromMs).toISOString();
    const to = period.toMs === NEVER_MS ? null : new Date(period.toMs).toISOString();
    if (options.json === true) process.stdout.write(`${JSON.stringify({ from, to, touchpoints: reports })}\n`);
    else if (options.csv === true) process.stdout.write(csv(reports));
    else process.stdout.write(page(reports, from, to));
  } finally {
    reader.close();
  }
}

interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

function periodOf({ day, from, to }: Options, timezone: string): Period {
  if (from !== undefined && day === undefined) return { fromMs: from, toMs: to ?? NEVER_MS };
  const { fromMs, toMs } = dayOf(day ?? localTime(Date.now(), timezone).date, timezone);
  return { fromMs: Math.max(fromMs, from ?? fromMs), toMs: Math.min(toMs, to ?? toMs) };
}

/** Read within the period. */
const TYPES = ["press", "answer", "contact", "service", "transaction", "activity"];
/** An episode is told so long after its end at the latest, milliseconds. */
const TOLD_WITHIN_MS = 3_600_000;

type Timed = Envelope & { readonly offsetMs: number };

/**
 * Events of the period by the best time known, in the order of their `seq`; episodes that are told a little later, because
 * they claim presses; judgements that came later; and every alert, because what was raised then may be resolved by now.
 */
function eventsOf(reader: JournalReader, { fromMs, toMs }: Period): Timed[] {
  const read = (filter: EventFilter): Envelope[] =>
    [...reader.events(filter)].map(({ json }) => JSON.parse(json) as Envelope);
  // Of the whole journal, and so in one go.
  const always = read({ types: ["clock", "alert", "judgement"] });
  const repairs = repairsIn(always);
  const found = new Map<number, Timed>();
  const until = toMs + TOLD_WITHIN_MS;
  // What was sent with a wrong time lies elsewhere in the journal: by each offset that was ever said.
  for (const offset of new Set([0, ...repairs.map(({ offsetMs }) => offsetMs)]))
    for (const event of read({ fromMs: fromMs - offset, toMs: until - offset, types: TYPES })) {
      const offsetMs = offsetOf(event, repairs);
      const ms = Date.parse(event.time) + offsetMs;
      if (ms >= fromMs && ms < (event.type === "contact" ? until : toMs)) found.set(event.seq, { ...event, offsetMs });
    }
  for (const event of always) if (event.type !== "clock") found.set(event.seq, { ...event, offsetMs: 0 });
  return [...found.values()].sort((a, b) => a.seq - b.seq);
}

/** Of a touchpoint whose only event is an alert of another day there is nothing to say. */
function saysSomething({ questions, figures, reasons, alerts, judged, flagged }: TouchpointReport): boolean {
  return (
    [questions, figures, reasons, alerts.open, alerts.figures].some((part) => part.length > 0) || judged + flagged > 0
  );
}

/** Only what was said about the shift: what the camera met, and sales and alerts of the place, are not its own. */
function ofShift(report: TouchpointReport): TouchpointReport {
  const few = report.questions.every(({ figures }) => figures.length === 0);
  return { ...report, figures: [], alerts: { open: [], figures: [] }, reasons: few ? [] : report.reasons };
}

function page(reports: readonly TouchpointReport[], from: string, to: string | null): string {
  const lines = [`from ${from} to ${to ?? "now"}`];
  if (reports.length === 0) lines.push("nothing happened");
  for (const { touchpoint, questions, figures, reasons, alerts, judged, flagged } of reports) {
    lines.push("", touchpoint, "  how many");
    for (const { question, version, min, max, histogram, figures: of } of questions) {
      lines.push(`    ${question}, version ${version}, ${min} to ${max}`);
      if (of.length === 0) lines.push("      too few answers to be told");
      const most = Math.max(1, ...Object.values(histogram));
      for (const [value, count] of Object.entries(histogram).sort(([a], [b]) => Number(a) - Number(b)))
        lines.push(`      ${value.padStart(4)} ${bar(count / most)} ${count}`);
      lines.push(...of.map((figure) => `      ${told(figure)}`));
    }
    lines.push(...figures.map((figure) => `    ${told(figure)}`));
    if (judged > 0) lines.push(`    ${judged} presses were judged not to be what they seem, and are left out`);
    if (flagged > 0)
      lines.push(`    ${flagged} ratings are left out: a button that is unwell, nobody served, or out of hours`);
    if (reasons.length > 0) lines.push("  why");
    for (const reason of reasons)
      lines.push(`    ${reason.reason.padEnd(16)} ${bar(reason.value ?? 0)} ${shown(reason)}`);
    if (alerts.open.length + alerts.figures.length > 0) lines.push("  who must act");
    for (const { key, state, reason, rule } of alerts.open) lines.push(`    ${state}: ${reason} (${rule}, ${key})`);
    lines.push(...alerts.figures.map((figure) => `    ${told(figure)}`));
  }
  return `${lines.join("\n")}\n`;
}

function told(figure: Figure): string {
  return `${figure.metric.padEnd(18)} ${shown(figure)}`;
}

function shown({ value, interval, numerator, denominator, n, source }: Figure): string {
  const bounds = interval === null ? "" : `  95 % ${digits(interval[0])} to ${digits(interval[1])}`;
  const of = source === undefined ? `n ${n}` : `${numerator} of ${denominator} ${source}`;
  return `${value === null ? "–" : digits(value)}${bounds}  (${of})`;
}

function csv(reports: readonly TouchpointReport[]): string {
  const rows = [
    ["touchpoint", "question", "version", "metric", "n", "numerator", "denominator", "source", "value", "low", "high"],
  ];
  for (const { touchpoint, questions, figures, reasons, alerts } of reports) {
    const add = (question: string, version: string, figure: Figure, metric = figure.metric): void => {
      const { n, numerator, denominator, source, value, interval } = figure;
      const cells = [n, numerator, denominator, source, value, interval?.[0], interval?.[1]];
      rows.push([touchpoint, question, version, metric, ...cells.map((cell) => `${cell ?? ""}`)]);
    };
    for (const { question, version, figures: of } of questions)
      for (const figure of of) add(question, `${version}`, figure);
    for (const figure of [...figures, ...alerts.figures]) add("", "", figure);
    for (const reason of reasons) add("", "", reason, `reason:${reason.reason}`);
  }
  return rows.map((row) => csvLine(row.map(asText))).join("");
}

/** What a spreadsheet would take for a formula is made text. */
function asText(cell: string): string {
  return /^[=+@\t\r]/.test(cell) || /^-[^\d.]/.test(cell) ? `'${cell}` : cell;
}

function bar(part: number): string {
  return "█".repeat(Math.round(part * BAR)).padEnd(BAR, "·");
}

function digits(value: number): string {
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 3);
}

function localDate(text: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || new Date(Date.parse(text)).toJSON()?.slice(0, 10) !== text)
    throw new InvalidArgumentError("write a date such as 2026-11-22");
  return text;
}

function instantMs(text: string): number {
  const ms = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError("write 2026-11-22 or 2026-11-22T09:00:00Z");
  return ms;
}
