// The work of a till: sales, pieces and money per hour on shift, and what part of the time somebody was served. Pure.

import { common, type Span } from "../touchpoint/calendar.ts";
import type { EventData } from "../words/events.ts";
import { type Interval, poisson, rateInterval } from "./intervals.ts";
import { addTo, type Figure, NOTHING_SUMMED, type Sum } from "./scales.ts";
import { branchOf } from "./tree.ts";

export interface Workload {
  /** Time on shift, and time of service windows within it, milliseconds. */
  onShiftMs: number;
  busyMs: number;
  windows: number;
  sales: number;
  /** Of sales whose pieces the till says. */
  readonly items: Sum;
  /** By currency; empty where the till does not say. */
  readonly amounts: Record<string, Sum>;
}

export function emptyWorkload(): Workload {
  return { onShiftMs: 0, busyMs: 0, windows: 0, sales: 0, items: { ...NOTHING_SUMMED }, amounts: {} };
}

/** Milliseconds that two spans have in common. */
export function overlapMs(first: Span, second: Span): number {
  const { fromMs, toMs } = common(first, second);
  return Math.max(0, toMs - fromMs);
}

/** Counts what of a shift lies in a window. @param shift as far as it is known: an open one ends now */
export function countOnShift(into: Workload, shift: Span, window: Span): void {
  into.onShiftMs += overlapMs(shift, window);
}

/**
 * Counts what of a service window lies in a window of time; those of one till follow each other and never overlap. One that
 * reaches into several is one of `windows` where it ends.
 */
export function countBusy(into: Workload, service: Span, window: Span): void {
  into.busyMs += overlapMs(service, window);
  if (window.fromMs < service.toMs && service.toMs <= window.toMs) into.windows += 1;
}

/** Counts a sale: the till's last word on it, made on shift. */
export function countWork(into: Workload, sale: EventData["transaction"]): void {
  into.sales += 1;
  if (sale.items !== null) addTo(into.items, sale.items);
  if (sale.amount === null) return;
  addTo(
    branchOf(into.amounts, sale.currency ?? "", () => ({ ...NOTHING_SUMMED })),
    sale.amount,
  );
}

/**
 * The tachometer of a till: `sales-per-hour`, `items-per-hour`, `amount-per-hour-EUR`, and `busy-share`. The intervals take
 * customers as coming independently of each other, which a rush hour breaks: then they are too narrow for the whole day,
 * and right for each hour. Time is measured, not sampled, so the busy share has none. `n` is sales, or service windows.
 * @returns nothing without time on shift
 */
export function workloadFigures({ onShiftMs, busyMs, windows, sales, items, amounts }: Workload): Figure[] {
  if (onShiftMs === 0) return [];
  const hours = onShiftMs / 3_600_000;
  const perHour = (metric: string, n: number, sum: number | null, interval: Interval | null): Figure => ({
    metric,
    n,
    numerator: sum,
    denominator: hours,
    value: sum === null ? null : sum / hours,
    interval: interval === null ? null : [interval[0] / hours, interval[1] / hours],
  });
  return [
    perHour("sales-per-hour", sales, sales, poisson(sales)),
    // Whose till says no pieces did not sell none.
    perHour("items-per-hour", items.n, items.n === 0 ? null : items.sum, rateInterval(items)),
    ...Object.entries(amounts).map(([currency, sum]) =>
      perHour(["amount-per-hour", currency].filter(Boolean).join("-"), sum.n, sum.sum, rateInterval(sum)),
    ),
    {
      metric: "busy-share",
      n: windows,
      numerator: busyMs / 3_600_000,
      denominator: hours,
      value: busyMs / onShiftMs,
      interval: null,
    },
  ];
}
