// Ids of commands that were run, and in which order they were made: kept in the journal, 24 hours each. Pure.
import { z } from "zod";

/** Journal key of an id. */
export const COMMAND_KEY = "command:";
/** How long ids are kept, milliseconds; no command may be good for longer, or it could be run a second time. */
export const KEEP_MS = 86_400_000;
/** Most ids that are kept: beyond it commands are refused rather than an id forgotten. */
export const MAX_IDS = 1_000;

/** Place of a command among those of one sender about one thing. */
const Order = z.object({ by: z.string(), subject: z.string(), issuedMs: z.number() });
export type Order = z.infer<typeof Order>;

const RunCommand = z.object({
  /** UTC milliseconds. */
  untilMs: z.number(),
  order: Order.optional(),
  /** It was run while nobody vouched for the clock: so it does no harm when it is run late. */
  unsure: z.literal(true).optional(),
});
/** What is kept of a command that was run, or was about to be. */
export type RunCommand = z.infer<typeof RunCommand>;
/** Versions before knew no order and kept the bare time. */
const Kept = z.union([RunCommand, z.number().transform((untilMs) => ({ untilMs }))]).catch({ untilMs: 0 });

/** @param kept what the journal keeps, by key */
export function keptIds(kept: Readonly<Record<string, unknown>>): Map<string, RunCommand> {
  return new Map(Object.entries(kept).map(([key, value]) => [key.slice(COMMAND_KEY.length), Kept.parse(value)]));
}

/**
 * Ids whose time is over. While the device does not know the time it cannot say so of any: a restart with a clock that is
 * years behind must not make room for a replay. What is full then gives up a command that does no harm twice.
 */
export function forgotten(seen: ReadonlyMap<string, RunCommand>, nowMs: number, clockTrusted: boolean): string[] {
  const all = [...seen];
  if (!clockTrusted)
    return seen.size < MAX_IDS
      ? []
      : all
          .filter(([, { unsure }]) => unsure === true)
          .slice(0, 1)
          .map(([id]) => id);
  // A clock that was set back by far must not keep ids for ever.
  return all.filter(([, { untilMs }]) => untilMs <= nowMs || untilMs > nowMs + 2 * KEEP_MS).map(([id]) => id);
}

/** What a command is about: `camera.pause` and `camera.resume` undo one another, so their order matters. */
export function subjectOf(command: string): string {
  return command.split(".")[0] ?? command;
}

/** Whether one of the same sender about the same thing, made later, was run. */
export function isReordered(seen: ReadonlyMap<string, RunCommand>, { by, subject, issuedMs }: Order): boolean {
  for (const { order } of seen.values())
    if (order !== undefined && order.by === by && order.subject === subject && order.issuedMs > issuedMs) return true;
  return false;
}
