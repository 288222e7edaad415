// What a trial of the chaos suite is given and what it answers, and the one table they make together.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TrialContext {
  /** Every random choice of the trial comes from it. */
  readonly seed: number;
  /** An empty folder, removed after a trial that went well. */
  readonly folder: string;
  /** How many times: `full` by hand, times the share asked for; `quick` in a quick run. */
  readonly count: (full: number, quick: number) => number;
  /** One line about how far it is, for somebody who waits. */
  readonly progress: (line: string) => void;
}

export interface Outcome {
  /** What was done, one sentence. */
  readonly did: string;
  /** What was counted, in the order in which it is to be read. */
  readonly counts: Readonly<Record<string, number | string>>;
  /** What must not be; empty where the trial is passed. */
  readonly wrong: readonly string[];
}

export interface Trial {
  readonly name: string;
  /** Why it cannot run on this machine, or undefined. */
  readonly lacks: () => string | undefined;
  readonly run: (context: TrialContext) => Promise<Outcome>;
}

/** A trial that was run, or why it was not. */
export type Row = { readonly name: string; readonly seconds: number } & (
  | { readonly skipped: string }
  | { readonly outcome: Outcome }
);

export interface RunSettings {
  readonly seed: number;
  readonly quick: boolean;
  /** Share of the full counts, 0 to 1. */
  readonly share: number;
  readonly progress: (line: string) => void;
}

/** Runs one trial in a folder of its own; one that breaks is a row that failed. */
export async function runTrial(trial: Trial, settings: RunSettings): Promise<Row> {
  const { name } = trial;
  const lacks = trial.lacks();
  if (lacks !== undefined) return { name, seconds: 0, skipped: lacks };
  const from = performance.now();
  const folder = mkdtempSync(join(tmpdir(), `touchpoint-chaos-${name}-`));
  const context: TrialContext = {
    seed: settings.seed,
    folder,
    count: (full, quick) => (settings.quick ? quick : Math.max(1, Math.round(full * settings.share))),
    progress: (line) => settings.progress(`${name}: ${line}`),
  };
  const outcome = await trial.run(context).catch(
    (thrown: unknown): Outcome => ({
      did: "the trial broke",
      counts: {},
      wrong: [thrown instanceof Error ? thrown.message.slice(0, 2_000) : String(thrown)],
    }),
  );
  // A trial that went wrong leaves its files for whoever looks into it.
  if (outcome.wrong.length === 0) rmSync(folder, { recursive: true, force: true });
  else settings.progress(`${name}: kept for a look: ${folder}`);
  return { name, seconds: (performance.now() - from) / 1_000, outcome };
}

export function isWrong(row: Row): boolean {
  return "outcome" in row && row.outcome.wrong.length > 0;
}

/** The table as Markdown. */
export function table(rows: readonly Row[], seed: number): string {
  const lines = rows.map((row) => {
    const seconds = `${Math.round(row.seconds)} s`;
    if ("skipped" in row) return [row.name, `skipped: ${row.skipped}`, "", "skipped", `${seed}`, ""];
    const { did, counts, wrong } = row.outcome;
    const figures = Object.entries(counts).map(([name, value]) => `${name} ${value}`);
    const verdict = wrong.length === 0 ? "ok" : `**FAILED**: ${wrong.join("; ")}`;
    return [row.name, did, figures.join(", "), verdict, `${seed}`, seconds];
  });
  const text = lines.map((cells) => `| ${cells.map(cell).join(" | ")} |`);
  return ["| trial | what was done | counted | verdict | seed | took |", "|---|---|---|---|---|---|", ...text].join(
    "\n",
  );
}

/** One sentence for each figure that is not what it has to be. */
export function mustBe(
  wanted: Readonly<Record<string, number | string>>,
  counted: Readonly<Record<string, number | string>>,
): string[] {
  return Object.entries(wanted).flatMap(([name, value]) =>
    counted[name] === value ? [] : [`${name} is ${counted[name] ?? "not counted"}, not ${value}`],
  );
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
