// Lines of the page that lays a truth beside what was told, each with its verdict.
import type { Figure } from "../metrics/scales.ts";
import type { Till } from "./shop.ts";

export interface Row {
  readonly till: Till;
  readonly what: string;
  /** `exact`: both are the same; `estimated`: the truth lies in the 95 % interval. */
  readonly kind: "exact" | "estimated";
  readonly truth: string;
  readonly told: string;
  readonly ok: boolean;
}

/** Sums of money are sums of binary fractions: equal but for this share. */
const ROUNDING = 1e-9;

/** Rows of one till. What is nothing on both sides is no row. */
export class Rows {
  readonly all: Row[] = [];
  readonly till: Till;

  constructor(till: Till) {
    this.till = till;
  }

  same(what: string, truth: number, told: number): void {
    if (truth === 0 && told === 0) return;
    this.#add(what, "exact", digits(truth), digits(told), equal(truth, told));
  }

  /** Numerator and denominator, both exact. */
  share(what: string, numerator: number, denominator: number, told: Figure | undefined): void {
    if (denominator === 0 && told === undefined) return;
    const of = told === undefined ? "–" : `${digits(told.numerator ?? 0)} of ${digits(told.denominator ?? 0)}`;
    const source = told?.source === undefined ? "" : ` ${told.source}`;
    const ok = equal(numerator, told?.numerator) && equal(denominator, told?.denominator);
    this.#add(what, "exact", `${digits(numerator)} of ${digits(denominator)}`, `${of}${source}`, ok);
  }

  /** The same names, each as often. */
  alike(what: string, truth: Readonly<Record<string, number>>, told: Readonly<Record<string, number>>): void {
    const [one, other] = [listed(truth), listed(told)];
    if (one === "" && other === "") return;
    this.#add(what, "exact", one, other, one === other);
  }

  within(what: string, truth: number, told: Figure | undefined): void {
    const interval = told?.interval ?? null;
    const bounds = interval === null ? "" : ` (${digits(interval[0])} to ${digits(interval[1])})`;
    const value = told?.value ?? null;
    const ok = interval !== null && interval[0] <= truth && truth <= interval[1];
    this.#add(what, "estimated", digits(truth), `${value === null ? "–" : digits(value)}${bounds}`, ok);
  }

  #add(what: string, kind: Row["kind"], truth: string, told: string, ok: boolean): void {
    this.all.push({ till: this.till, what, kind, truth, told, ok });
  }
}

function equal(truth: number, told: number | null | undefined): boolean {
  return typeof told === "number" && Math.abs(truth - told) <= ROUNDING * Math.max(1, Math.abs(truth));
}

function digits(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toFixed(3);
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
    .map(([name, times]) => `${name}:${times}`)
    .join(" ");
}
