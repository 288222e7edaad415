// The named subset of `npm run chaos` that every run of the tests does: few of each, the same promises.
import { describe, expect, test } from "vitest";
import { TRIALS } from "../../scripts/chaos/all.ts";
import { runTrial } from "../../scripts/chaos/trial.ts";

/** `kills` runs as test/acceptance/kill.test.ts; `week` and the disks by hand, because they take minutes or root. */
const NAMES = [
  "brokers",
  "link",
  "disk-errors",
  "flipped",
  "restored",
  "fuzz-serial",
  "fuzz-http",
  "fuzz-door",
  "fuzz-topics",
];

describe.each(TRIALS.filter(({ name }) => NAMES.includes(name)))("$name", (trial) => {
  const lacks = trial.lacks();
  test.skipIf(lacks !== undefined)(
    `keeps its promises (else: ${lacks ?? "nothing is lacking"})`,
    {
      timeout: 240_000,
    },
    async () => {
      const row = await runTrial(trial, { seed: 20, quick: true, share: 1, progress: () => undefined });
      expect(row).toMatchObject({ outcome: { wrong: [] } });
    },
  );
});

test("every trial of the subset is there", () => {
  expect(TRIALS.map(({ name }) => name)).toEqual(expect.arrayContaining(NAMES));
});
