// `touchpoint metrics`: how many, why and who must act, for a period, from the journal on this device.
import { join } from "node:path";
import type { Command } from "commander";
import { loadInForce } from "../config/in-force.ts";
import { loadPolicy } from "../config/load.ts";
import { questionnairesOf } from "../config/surveys.ts";
import { openReader } from "../journal/read.ts";
import { reportOf, type TouchpointReport } from "../metrics/report.ts";
import { itemOf } from "../metrics/runs.ts";
import type { Figure } from "../metrics/scales.ts";
import type { TouchpointTally } from "../metrics/tally.ts";
import { judgedAnew } from "../rollups/judged-anew.ts";
import { openTotals } from "../rollups/totals.ts";
import { dayOf, type Span } from "../touchpoint/calendar.ts";
import { localTime } from "../touchpoint/local-time.ts";
import { csvLine } from "./csv.ts";
import { instantMs, localDate } from "./dates.ts";
import { CONFIG_OPTION } from "./outcome.ts";

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
  readonly policy?: string;
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
    .option(
      "--shift <id>",
      "only this shift or person, from `fleet.rollups.leastPerShift` answers up; never from the camera",
    )
    .option("--policy <file>", "judge the presses anew, by the settings of `fleet.fairPlay` in this YAML file")
    .option("--json", "one JSON object")
    .option("--csv", "one line for each figure")
    .action(metrics);
}

function metrics(options: Options): void {
  const { config } = loadInForce(options.config);
  const { dataDir, timezone } = config.local;
  const period = periodOf(options, timezone);
  const policy = options.policy === undefined ? undefined : loadPolicy(options.policy);
  const reader = openReader(join(dataDir, "journal.db"));
  try {
    const totals = openTotals(join(dataDir, "metrics.db"), reader, timezone, period);
    const asked = { period, ...(options.shift === undefined ? {} : { shift: options.shift }) };
    const tallies: readonly TouchpointTally[] =
      policy === undefined
        ? totals.tallies(asked)
        : judgedAnew(totals, asked, policy, config.fleet.touchpoints, timezone);
    // By other rules than the live ones, and of a person, hours are not told.
    const hours = policy === undefined && options.shift === undefined ? totals.hours : undefined;
    const questionnaires = questionnairesOf(config.fleet);
    const reports = tallies
      .filter(({ touchpoint }) => options.touchpoint === undefined || options.touchpoint === touchpoint)
      .map((place) =>
        reportOf(place, {
          questionnaires,
          ...(hours === undefined ? {} : { hours: hours(place.touchpoint) }),
          ...(options.question === undefined ? {} : { question: options.question }),
          ...(options.shift === undefined ? {} : { k: config.fleet.rollups.leastPerShift }),
        }),
      )
      .filter(saysSomething);
    totals.close();
    const from = new Date(period.fromMs).toISOString();
    const to = period.toMs === NEVER_MS ? null : new Date(period.toMs).toISOString();
    if (options.json === true) process.stdout.write(`${JSON.stringify({ from, to, touchpoints: reports })}\n`);
    else if (options.csv === true) process.stdout.write(csv(reports));
    else process.stdout.write(page(reports, from, to));
  } finally {
    reader.close();
  }
}

function periodOf({ day, from, to }: Options, timezone: string): Span {
  if (from !== undefined && day === undefined) return { fromMs: from, toMs: to ?? NEVER_MS };
  const { fromMs, toMs } = dayOf(day ?? localTime(Date.now(), timezone).date, timezone);
  return { fromMs: Math.max(fromMs, from ?? fromMs), toMs: Math.min(toMs, to ?? toMs) };
}

/** Of a touchpoint whose only event is an alert of another day there is nothing to say. */
function saysSomething({ questions, figures, surveys, reasons, alerts, judged, flagged }: TouchpointReport): boolean {
  return (
    [questions, figures, surveys, reasons, alerts.open, alerts.figures].some((part) => part.length > 0) ||
    judged + flagged > 0
  );
}

function page(reports: readonly TouchpointReport[], from: string, to: string | null): string {
  const lines = [`from ${from} to ${to ?? "now"}`];
  if (reports.length === 0) lines.push("nothing happened");
  for (const report of reports) {
    const { touchpoint, questions, figures, surveys, reasons, drivers, silence, alerts, judged, flagged } = report;
    lines.push("", touchpoint, "  how many");
    for (const { question, version, min, max, histogram, figures: of } of questions) {
      lines.push(`    ${question}, version ${version}, ${min} to ${max}`);
      if (of.length === 0) lines.push("      too few answers to be told");
      const most = Math.max(1, ...Object.values(histogram));
      for (const [value, count] of Object.entries(histogram).sort(([a], [b]) => Number(a) - Number(b)))
        lines.push(`      ${value.padStart(4)} ${bar(count / most)} ${count}`);
      lines.push(...of.map((figure) => `      ${told(figure)}`));
    }
    for (const { survey, version, figures: of } of surveys)
      lines.push(`    ${survey}, version ${version}`, ...of.map((figure) => `      ${told(figure)}`));
    lines.push(...figures.map((figure) => `    ${told(figure)}`));
    if (judged > 0) lines.push(`    ${judged} presses were judged not to be what they seem, and are left out`);
    if (flagged > 0)
      lines.push(`    ${flagged} ratings are left out: a button that is unwell, nobody served, or out of hours`);
    if (reasons.length + drivers.length > 0) lines.push("  why");
    for (const reason of reasons)
      lines.push(`    ${reason.reason.padEnd(16)} ${bar(reason.value ?? 0)} ${shown(reason)}`);
    for (const { rated, reason, badLift, meanLift, compared } of drivers) {
      const lift = badLift.value === null ? meanLift : badLift;
      const of = `of ${compared} reasons, ${itemOf(rated).question}`;
      if (lift.value !== null) lines.push(`    ${reason.padEnd(16)} ${told(lift)} ${of}`);
    }
    // Of a reason that was named in hardly any hour nothing can be said.
    for (const lift of silence) if (lift.interval !== null) lines.push(`    ${lift.reason.padEnd(16)} ${told(lift)}`);
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
  for (const { touchpoint, questions, figures, surveys, reasons, drivers, silence, alerts } of reports) {
    const add = (question: string, version: string, figure: Figure, metric = figure.metric): void => {
      const { n, numerator, denominator, source, value, interval } = figure;
      const cells = [n, numerator, denominator, source, value, interval?.[0], interval?.[1]];
      rows.push([touchpoint, question, version, metric, ...cells.map((cell) => `${cell ?? ""}`)]);
    };
    for (const { question, version, figures: of } of questions)
      for (const figure of of) add(question, `${version}`, figure);
    for (const { survey, version, figures: of } of surveys) for (const figure of of) add(survey, `${version}`, figure);
    for (const figure of [...figures, ...alerts.figures]) add("", "", figure);
    for (const { rated, reason, share, badLift, meanLift } of drivers)
      for (const figure of [share, badLift, meanLift]) {
        const { question, version } = itemOf(rated);
        add(question, `${version}`, figure, `${figure.metric}:${reason}`);
      }
    for (const lift of silence) add("", "", lift, `${lift.metric}:${lift.reason}`);
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
