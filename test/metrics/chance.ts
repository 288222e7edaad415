// Chance for simulations of coverage: seeded draws, and how often an interval holds the truth.

import type { Interval } from "../../src/metrics/intervals.ts";
import { seededRandom } from "../../src/simulate/random.ts";

export interface Chance {
  /** 0 to 1, 1 excluded. */
  readonly uniform: () => number;
  /** Standard normal. */
  readonly normal: () => number;
  /** Number of events that come independently. */
  readonly poisson: (mean: number) => number;
  /** Index drawn with these probabilities. */
  readonly index: (probabilities: readonly number[]) => number;
}

export function chanceOf(seed: number): Chance {
  const uniform = seededRandom(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const poisson = (mean: number): number => {
    let [count, waited] = [-1, 0];
    while (waited < mean) {
      waited -= Math.log(1 - uniform());
      count += 1;
    }
    return count;
  };
  const index = (probabilities: readonly number[]): number => {
    let left = uniform();
    const found = probabilities.findIndex((probability) => {
      left -= probability;
      return left < 0;
    });
    return found < 0 ? probabilities.length - 1 : found;
  };
  return { uniform, normal, poisson, index };
}

export const holds = (interval: Interval | null, value: number): boolean =>
  interval !== null && interval[0] <= value && value <= interval[1];

/** Share of `times` draws whose interval holds the truth. */
export function coverage(times: number, draw: () => Interval | null, truth: number): number {
  let held = 0;
  for (let time = 0; time < times; time += 1) if (holds(draw(), truth)) held += 1;
  return held / times;
}

/** What every interval of this project must do: 94 to 96 % on average over its grid, at no point below 92 %. */
export function meetsTheBar(coverages: readonly number[]): { mean: boolean; least: boolean } {
  const mean = coverages.reduce((sum, one) => sum + one, 0) / coverages.length;
  return { mean: 0.94 <= mean && mean <= 0.96, least: Math.min(...coverages) >= 0.92 };
}
export const MET = { mean: true, least: true };
