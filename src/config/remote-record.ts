// What the device knows of fleet settings that came by the broker: those in force, those on trial, those that failed. Pure.
import { z } from "zod";
import { DesiredSettings, SETTINGS_STATES } from "../words/fleet-settings.ts";
import { instant } from "../words/instant.ts";

/** Starts of a trial that a power cut may interrupt, before the settings are taken for the reason. */
export const MOST_BEGINS = 3;
/** Failed hashes that are remembered; the oldest go first. */
const MOST_FAILED = 50;

const Trial = DesiredSettings.extend({
  /** Stages that were healthy and whose settings change: they alone can end it badly. */
  watched: z.array(z.string()),
  /** Starts so far that did not end in order. */
  begun: z.int().min(0),
  /** Boot of the machine in which it was begun last; absent after an orderly stop. */
  boot: z.string().optional(),
});

/** What became of the document that came last. */
export const Verdict = z.object({
  state: z.enum(SETTINGS_STATES).exclude(["file"]),
  version: z.int().optional(),
  hash: z.string().optional(),
  by: z.string(),
  reasons: z.array(z.string()),
  since: instant,
});
export type Verdict = z.infer<typeof Verdict>;

export const RemoteRecord = z.object({
  format: z.literal(1),
  settled: DesiredSettings.optional(),
  trial: Trial.optional(),
  failed: z.array(z.object({ hash: z.string(), reasons: z.array(z.string()) })).max(MOST_FAILED),
  verdict: Verdict.optional(),
});
export type RemoteRecord = z.infer<typeof RemoteRecord>;

export const NO_RECORD: RemoteRecord = { format: 1, failed: [] };

/** The settings are good and are to be tried from the next start on. @param since UTC, RFC 3339 */
export function accept(
  record: RemoteRecord,
  desired: DesiredSettings,
  watched: readonly string[],
  since: string,
): RemoteRecord {
  const trial = { ...desired, watched: [...watched], begun: 0 };
  return { ...record, trial, verdict: verdictOn(desired, "trial", [], since) };
}

/** A start: the trial begins, goes on, or ends because it did not survive. @param boot of the machine, as it is now */
export function atStart(record: RemoteRecord, boot: string, since: string): RemoteRecord {
  const { trial } = record;
  if (trial === undefined) return record;
  if (trial.boot === boot) return rolledBack(record, ["the agent ended without order during the trial"], since);
  if (trial.begun >= MOST_BEGINS)
    return rolledBack(record, [`the device went down in each of ${MOST_BEGINS} trials`], since);
  return { ...record, trial: { ...trial, begun: trial.begun + 1, boot } };
}

/** The agent stops in order during the trial, or for a reason that is none of the settings': the next start begins it anew. */
export function interrupted(record: RemoteRecord): RemoteRecord {
  const { trial } = record;
  if (trial?.boot === undefined) return record;
  const { boot: _, ...rest } = trial;
  return { ...record, trial: { ...rest, begun: rest.begun - 1 } };
}

/** States in which a stage does not do its work; one that somebody paused is not ill. */
const ILL: readonly string[] = ["starting", "degraded", "stopped"];

interface Stage {
  readonly state: string;
  readonly message?: string;
}

/** The time of the trial is over: the settings hold, unless a watched stage does not work any more. */
export function atTrialEnd(record: RemoteRecord, stages: Readonly<Record<string, Stage>>, since: string): RemoteRecord {
  const { trial, ...rest } = record;
  if (trial === undefined) return record;
  const reasons = trial.watched.flatMap((name) => {
    const stage = stages[name];
    if (stage === undefined || !ILL.includes(stage.state)) return [];
    return [`${name} was healthy and is ${stage.state}${stage.message === undefined ? "" : `: ${stage.message}`}`];
  });
  if (reasons.length > 0) return rolledBack(record, reasons, since);
  const settled = DesiredSettings.parse(trial);
  return { ...rest, settled, verdict: verdictOn(settled, "applied", [], since) };
}

/** The trial is dropped without blame on its hash: the device's own file changed, and they no longer go together. */
export function withdrawn(record: RemoteRecord, reasons: readonly string[], since: string): RemoteRecord {
  const { trial, ...rest } = record;
  return trial === undefined ? record : { ...rest, verdict: verdictOn(trial, "refused", reasons, since) };
}

function rolledBack(record: RemoteRecord, reasons: readonly string[], since: string): RemoteRecord {
  const { trial, ...rest } = record;
  if (trial === undefined) return record;
  const failed = [...rest.failed, { hash: trial.hash, reasons: [...reasons] }].slice(-MOST_FAILED);
  return { ...rest, failed, verdict: verdictOn(trial, "rolled-back", reasons, since) };
}

function verdictOn(
  { version, hash, by }: DesiredSettings,
  state: Verdict["state"],
  reasons: readonly string[],
  since: string,
): Verdict {
  return { state, version, hash, by, reasons: [...reasons], since };
}
