// The counts on the last line of ./scripts/test are true.
import { expect, it } from "vitest";
import { type Result, tally } from "./reporter.ts";

const results: Result[] = [
  { name: "a", state: "passed" },
  { name: "b", state: "passed" },
  { name: "c", state: "failed" },
  { name: "d", state: "skipped" },
  { name: "e", state: "skipped" },
];

it("counts each test once", () => {
  expect(tally(results, 0, undefined)).toEqual({ passed: 2, failed: 1, skipped: 2, forbidden: [] });
});

it("counts what is broken outside tests, and tests that never ended, as failures", () => {
  expect(tally([...results, { name: "f", state: "pending" }], 2, undefined)).toMatchObject({ passed: 2, failed: 4 });
});

it("in CI turns a skip that is not on the list into a failure", () => {
  expect(tally(results, 0, new Set(["d", "a"]))).toEqual({ passed: 2, failed: 2, skipped: 1, forbidden: ["e"] });
});

it("has nothing to be proud of where no test ran", () => {
  expect(tally([], 0, undefined)).toEqual({ passed: 0, failed: 0, skipped: 0, forbidden: [] });
});
