// Waits for a condition instead of sleeping: looks again at every turn of a short timer, and fails with a name.
import { setTimeout as wait } from "node:timers/promises";

/** Resolves when `condition` holds; rejects with `what` after `withinMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 30_000,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await wait(10);
  }
}
