// The named subset of `npm run trials:camera` that every run of the tests does: the same promises, shorter faults.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { CAMERA_TRIALS } from "../../scripts/trials/camera/all.ts";
import { which } from "../../src/supervise/child.ts";
import { MOSQUITTO_ABSENT, mosquittoProgram } from "../fakes/mosquitto.ts";

/** The others take a minute or every pixel format, and run by hand. */
const NAMES = [
  "network camera started again at once",
  "ffmpeg frozen (SIGSTOP)",
  "ffmpeg ends with 0 after a fatal error",
  "file cut in the middle, and made whole",
];

const folder = mkdtempSync(join(tmpdir(), "touchpoint-camera-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(which("ffmpeg") === undefined || mosquittoProgram() === undefined)(
  `a live camera (else: no ffmpeg, or ${MOSQUITTO_ABSENT})`,
  () => {
    test.each(CAMERA_TRIALS.filter(({ name }) => NAMES.includes(name)))(
      "$name: $expected, and it comes back",
      { timeout: 240_000 },
      async (trial) => {
        const row = await trial.run(join(folder, trial.name.replaceAll(/\W+/g, "-")), 1_000);
        expect(row, row.said).toMatchObject({ good: true });
      },
    );
  },
);

test("every trial of the subset is there", () => {
  expect(CAMERA_TRIALS.map(({ name }) => name)).toEqual(expect.arrayContaining(NAMES));
});
