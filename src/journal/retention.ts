// What a journal that is too long gives up first, and the gaps that own it. Pure.
import type { z } from "zod";
import { ErasedData } from "../words/erased.ts";
import { GapData } from "../words/events.ts";

export type Gap = z.infer<typeof GapData>;
/** First and last number, both included. */
export type Range = readonly [first: number, last: number];

/** Missed least: each is a summary or a state that later events of its kind replace. */
export const LOW_VALUE: ReadonlySet<string> = new Set(["mood", "presence", "health", "coverage", "rollup", "queue"]);
/** Given up only when nothing else is left. */
export const MOST_VALUABLE: ReadonlySet<string> = new Set(["press", "alert", "clock"]);
/** Ranges that one event names; with them it stays far below the contract's 64 KiB. */
const MOST_RANGES = 1_000;

/** In which order unsent rows are given up: 0 first; undefined: never. */
export function worthOf(type: string): 0 | 1 | 2 | undefined {
  if (type === "gap" || type === "erased") return undefined;
  if (LOW_VALUE.has(type)) return 0;
  return MOST_VALUABLE.has(type) ? 2 : 1;
}

/** Numbers in ascending order as ranges. */
export function rangesOf(numbers: Iterable<number>): Range[] {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}

/** The union of ranges in any order. */
export function united(ranges: readonly Range[]): Range[] {
  const merged: [number, number][] = [];
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** What of `ranges` none of `taken` covers. After a long outage both are tens of thousands. */
export function without(ranges: readonly Range[], taken: readonly Range[]): Range[] {
  const away = united(taken);
  const left: Range[] = [];
  for (const [first, last] of ranges) {
    let from = first;
    for (let at = firstReaching(away, first); from <= last; at += 1) {
      const [a, b] = away[at] ?? [last + 1, last];
      if (a > from) left.push([from, Math.min(a - 1, last)]);
      from = Math.max(a, b) + 1;
    }
  }
  return left;
}

/** Index of the first of these ranges, in order and apart, that ends at `seq` or after it. */
function firstReaching(ranges: readonly Range[], seq: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.[1] ?? 0) >= seq) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function countOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** The numbers of the journal that a gap owns. */
export function ownedBy(gap: Gap): Range[] {
  return gap.ranges?.map(([first, last]): Range => [first, last]) ?? [[gap.from, gap.to]];
}

/** Numbers of the stream `own` that an event says are missing: those of a gap, and those that were erased. */
export function ownedByEvent(type: string, data: unknown, own: string): Range[] {
  if (type === "erased") {
    const erased = ErasedData.safeParse(data).data;
    return erased?.stream === own ? erased.ranges.map(([first, last]): Range => [first, last]) : [];
  }
  const gap = type === "gap" ? GapData.safeParse(data).data : undefined;
  return gap?.source === "journal" && (gap.stream ?? own) === own ? ownedBy(gap) : [];
}

/**
 * The gaps that own `ranges`, each short enough to be sent.
 * @param stream where it is not the stream the gaps are written to
 * @param types how many of which type, where that is known
 */
export function gapsOver(
  ranges: readonly Range[],
  reason: string,
  { stream, types }: { stream?: string; types?: Readonly<Record<string, number>> } = {},
): Gap[] {
  return rangesInParts(ranges).flatMap((part, at) => {
    const [from, to] = [part[0]?.[0], part.at(-1)?.[1]];
    if (from === undefined || to === undefined) return [];
    return [
      {
        source: "journal" as const,
        ...(stream === undefined ? {} : { stream }),
        from,
        to,
        count: countOf(part),
        ...(part.length === 1 ? {} : { ranges: part.map(([first, last]): [number, number] => [first, last]) }),
        // Counts of types belong to the whole; only the first of several gaps can say them without saying them twice.
        ...(types === undefined || at > 0 ? {} : { types: { ...types } }),
        reason,
      },
    ];
  });
}

/** Ranges in parts that one event can name each; none for none. */
export function rangesInParts(ranges: readonly Range[]): (readonly Range[])[] {
  const parts: (readonly Range[])[] = [];
  for (let at = 0; at < ranges.length; at += MOST_RANGES) parts.push(ranges.slice(at, at + MOST_RANGES));
  return parts;
}
