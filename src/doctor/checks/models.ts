// The models: each file is the one in the manifest, and an inference gives numbers that make sense.
import { entryOf, readManifest } from "../../vision/models/manifest.ts";
import { selfTest } from "../../vision/models/self-test.ts";
import { type Check, type Finding, failedBy, ok, skipped } from "../finding.ts";

export const modelCheck: Check = {
  name: "models",
  run: async ({ config, modelsDir }) => {
    const { cameras, vision } = config.local;
    if (cameras.length === 0) return [skipped("models", "no camera is configured")];
    const manifest = readManifest(modelsDir);
    const findings: Finding[] = [];
    // One after the other: each inference takes a whole processor core.
    const { face, person, expression, demographics } = vision;
    for (const model of [face, person, expression, ...(demographics === undefined ? [] : [demographics])]) {
      const name = `model ${model}`;
      try {
        await selfTest(modelsDir, entryOf(manifest, model));
        findings.push(ok(name, "hash, shapes and a test inference are good"));
      } catch (thrown) {
        findings.push(failedBy(name, thrown));
      }
    }
    return findings;
  },
};
