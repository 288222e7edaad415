// Joins the vision room to the agent: what cameras see goes to the engine, what becomes of them to health.
import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import type { Health } from "../health/health.ts";
import { builtUrl, packageRoot } from "../place.ts";
import type { Deciding } from "./deciding.ts";
import type { Pausing } from "./pausing.ts";

/** Cameras and models, loaded only where a camera is configured; a failure there stops nothing else. */
export async function runEyes(
  config: Config,
  signal: AbortSignal,
  health: Health,
  nowMs: () => number,
  engine: Deciding,
  pauses: Pausing,
): Promise<void> {
  const { cameras, vision, modelsDir, privacy } = config.local;
  if (cameras.length === 0) return;
  const { runVision } = await import("../vision/run.ts");
  await runVision(
    {
      cameras,
      vision,
      modelsDir: modelsDir ?? join(packageRoot(), "models"),
      expression: privacy.emotion !== undefined,
      demographics: privacy.demographics !== undefined,
      threads: { eye: builtUrl("vision/eye.js"), mind: builtUrl("vision/mind.js") },
    },
    {
      signal,
      nowMs,
      report: (stage) => health.stage(stage),
      // A camera that ends because the agent ends is not lost.
      seen: (seen) => {
        if (!signal.aborted) engine.decide(seen);
      },
      count: (stage, counter, by) => health.count(`${stage}.${counter}`, by),
      pauses,
    },
  );
}
