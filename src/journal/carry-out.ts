// An erasure in the main thread: asks what goes, has it go with the events that own it, asks for what is left to be wiped.
import { randomBytes } from "node:crypto";
import { pause } from "../supervise/backoff.ts";
import type { ErasedData, ErasureOrder } from "../words/erased.ts";
import type { Stamped } from "../words/events.ts";
import { erasedEvents } from "./erasing.ts";
import type { Erasing, Step } from "./journal.ts";
import type { ThreadLine } from "./line.ts";
import type { Erasure } from "./queue.ts";

/** Looks at whether the log can be wiped, and the time between two, milliseconds. */
const WIPE_LOOKS = 20;
const WIPE_MS = 100;

export interface CarryOutDeps {
  readonly ask: ThreadLine["ask"];
  readonly commit: (step: Step, erasure?: Erasure) => Promise<unknown>;
  readonly stamp: (data: ErasedData) => Stamped;
}

export async function carryOut(
  order: ErasureOrder,
  { spared, keep }: Parameters<Erasing["erase"]>[1],
  { ask, commit, stamp }: CarryOutDeps,
): Promise<{ count: number }> {
  await commit({ events: [], keep: {} });
  const { parts, keep: changed } = await ask("find", { erasable: order.erasable, spared });
  const events = erasedEvents(order, parts, () => randomBytes(16).toString("hex")).map(stamp);
  const wipe = order.erasable.what === "all" ? "file" : "rows";
  await commit({ events, keep: { ...changed, ...keep } }, { parts, wipe });
  // A reader beside the agent holds the log for a moment; for longer it is wiped at one of the next looks.
  for (let look = 0; look < WIPE_LOOKS && !(await ask("wipe", null)).done; look += 1)
    await pause(WIPE_MS, new AbortController().signal);
  return { count: parts.reduce((sum, { count }) => sum + count, 0) };
}
