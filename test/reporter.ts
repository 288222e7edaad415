// Counts the tests of a run for ./scripts/test; in CI a skip that is not on the list is a failure.
import { readFileSync, writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

export interface Result {
  /** `test/room/file.test.ts > suite > test` */
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped" | "pending";
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Skips that count as failures, by name. */
  readonly forbidden: readonly string[];
}

/**
 * @param broken files that could not be loaded, hooks that failed and errors outside any test: one failure each
 * @param allowed names of tests that may be skipped; undefined where every skip is allowed
 */
export function tally(results: readonly Result[], broken: number, allowed: ReadonlySet<string> | undefined): Tally {
  const count = (...states: Result["state"][]): number => results.filter(({ state }) => states.includes(state)).length;
  const forbidden = results
    .filter(({ name, state }) => state === "skipped" && allowed !== undefined && !allowed.has(name))
    .map(({ name }) => name);
  return {
    passed: count("passed"),
    // A test still pending at the end never ran to its end: its worker died.
    failed: count("failed", "pending") + broken + forbidden.length,
    skipped: count("skipped") - forbidden.length,
    forbidden,
  };
}

export default class Counter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const results = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => ({
        name: `${module.relativeModuleId} > ${test.fullName}`,
        state: test.result().state,
      })),
    );
    const broken = modules.reduce(
      (sum, module) =>
        sum + module.errors().length + [...module.children.allSuites()].reduce((n, s) => n + s.errors().length, 0),
      unhandled.length,
    );
    const counted = tally(results, broken, process.env.CI === "true" ? allowedSkips() : undefined);
    for (const name of counted.forbidden) console.log(`FAILED: skipped, and not on test/allowed-skips.json: ${name}`);
    const summary = process.env.TOUCHPOINT_TEST_SUMMARY;
    if (summary !== undefined) writeFileSync(summary, `${counted.passed} ${counted.failed} ${counted.skipped}\n`);
  }
}

/** The list maps a test's full name to the reason why it may be skipped. */
function allowedSkips(): Set<string> {
  const listed: unknown = JSON.parse(readFileSync(new URL("allowed-skips.json", import.meta.url), "utf8"));
  return new Set(Object.keys(listed ?? {}));
}
