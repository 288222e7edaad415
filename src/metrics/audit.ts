// A counter beside somebody who watched: what was counted and what was tapped, crossing by crossing. Pure.
import { countError, type Interval, wilson } from "./intervals.ts";

export interface Crossing {
  /** On one axis for both sides, milliseconds. */
  readonly atMs: number;
  readonly line: string;
  readonly direction: "in" | "out";
}

export interface AuditSettings {
  /** From when to when somebody watched; taps lie within. */
  readonly fromMs: number;
  readonly toMs: number;
  /** A tap and a count no further apart than this may be the same crossing. */
  readonly toleranceMs: number;
  readonly lines: readonly string[];
}

/** A share with both its counts; value and interval are null where there is nothing to share. */
export interface Share {
  readonly k: number;
  readonly n: number;
  readonly value: number | null;
  readonly interval: Interval | null;
}

export interface LineAudit {
  readonly line: string;
  readonly direction: Crossing["direction"];
  readonly counted: number;
  /** What really was, by whoever tapped. */
  readonly tapped: number;
  /** Counted and tapped. */
  readonly matched: number;
  readonly missed: number;
  readonly extra: number;
  /** (counted − tapped) ÷ tapped; null where nobody crossed. */
  readonly error: number | null;
  /** Of `error`, 95 %: see {@link countError}. */
  readonly interval: Interval | null;
  /** Of those who crossed, how many were counted. */
  readonly recall: Share;
  /** Of those counted, how many had crossed. */
  readonly precision: Share;
}

/**
 * One row for each line and direction. Each tap is given to at most one count and the other way round, in order of time,
 * so that as many as can be are pairs. How they are paired moves the interval and the shares, never the error:
 * extra − missed is counted − tapped whoever is paired with whom.
 */
export function auditLines(
  counted: readonly Crossing[],
  tapped: readonly Crossing[],
  settings: AuditSettings,
): LineAudit[] {
  return settings.lines.flatMap((line) =>
    (["in", "out"] as const).map((direction) => {
      const times = (all: readonly Crossing[]): number[] =>
        all
          .filter((one) => one.line === line && one.direction === direction)
          .map(({ atMs }) => atMs)
          .toSorted((a, b) => a - b);
      return { line, direction, ...compare(times(counted), times(tapped), settings) };
    }),
  );
}

function compare(
  counted: readonly number[],
  tapped: readonly number[],
  { fromMs, toMs, toleranceMs }: AuditSettings,
): Omit<LineAudit, "line" | "direction"> {
  const within = (atMs: number): boolean => atMs >= fromMs && atMs <= toMs;
  const first = pair(counted.filter(within), tapped, toleranceMs);
  // Somebody tapped just inside may have been counted just outside; what else lies outside is nobody's mistake.
  const second = pair(
    counted.filter((atMs) => !within(atMs)),
    first.restB,
    toleranceMs,
  );
  const matched = first.pairs + second.pairs;
  const missed = second.restB.length;
  const extra = first.restA.length;
  const n = tapped.length;
  return {
    counted: matched + extra,
    tapped: n,
    matched,
    missed,
    extra,
    error: n === 0 ? null : (extra - missed) / n,
    interval: countError(missed, extra, n),
    recall: share(matched, n),
    precision: share(matched, matched + extra),
  };
}

/** Both in order of time: the earliest that can be paired are, which leaves as few as possible alone. */
function pair(
  a: readonly number[],
  b: readonly number[],
  toleranceMs: number,
): { pairs: number; restA: number[]; restB: number[] } {
  const [restA, restB]: [number[], number[]] = [[], []];
  let [pairs, i, j] = [0, 0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i] ?? Infinity, b[j] ?? Infinity];
    if (Math.abs(left - right) <= toleranceMs) {
      pairs += 1;
      i += 1;
      j += 1;
    } else if (left < right) {
      restA.push(left);
      i += 1;
    } else {
      restB.push(right);
      j += 1;
    }
  }
  return { pairs, restA, restB };
}

function share(k: number, n: number): Share {
  return { k, n, value: n === 0 ? null : k / n, interval: wilson(k, n) };
}
