// Counts and rollups as text that is the same whenever they are the same.
import { type Counts, emptyCounts } from "../metrics/counts.ts";
import { merge } from "../metrics/tree.ts";

/** JSON with the names of every object in order. */
export function contentOf(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    isTree(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

/** The same of counts, without what is as in no counts at all: most of what can be counted does not happen in a quarter of an hour. */
export function countsText(counts: Counts): string {
  return contentOf(beyond(counts, EMPTY));
}

/** Adds counts that were written by `countsText`. */
export function addText(into: Counts, text: string): void {
  merge(into, JSON.parse(text) as Counts);
}

/** How many events such counts rest on. */
export function eventsIn(text: string): number {
  return (JSON.parse(text) as Partial<Counts>).events ?? 0;
}

const EMPTY = emptyCounts();

function beyond(value: object, empty: object): object {
  const parts = Object.entries(value).flatMap(([name, part]): [string, unknown][] => {
    const none: unknown = Object.hasOwn(empty, name) ? empty[name as keyof typeof empty] : undefined;
    if (!isTree(part) || !isTree(none)) return part === none ? [] : [[name, part]];
    const rest = beyond(part, none);
    return Object.keys(rest).length === 0 ? [] : [[name, rest]];
  });
  return Object.fromEntries(parts);
}

function isTree(part: unknown): part is object {
  return typeof part === "object" && part !== null && !Array.isArray(part);
}
