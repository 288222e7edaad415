// The seam of the vision room: cameras in, numbers out. No picture ever crosses it.
import type { CameraConfig } from "../config/cameras.ts";
import type { Config } from "../config/schema.ts";
import type { StageReport } from "../supervise/keep-running.ts";
import type { CameraState, Seen } from "../words/inputs.ts";

export interface VisionContext {
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  /** Where stages report: `vision` for the models, `camera:{id}` for each camera. */
  readonly report: (stage: string) => StageReport;
  readonly seen: (seen: Seen | CameraState) => void;
  /** Counters for health, per camera: `frames` that came, `dropped` because a newer one came first, `inferred`. */
  readonly count: (stage: string, counter: string, by: number) => void;
}

export interface VisionSettings {
  readonly cameras: readonly CameraConfig[];
  readonly vision: Config["local"]["vision"];
  readonly modelsDir: string;
  /** Whether expressions may be read at all: only with purpose, controller and notice named. */
  readonly expression: boolean;
  /** Whether age and sex may be read, on the same terms. */
  readonly demographics: boolean;
  /** The compiled threads, `vision/eye.js` and `vision/mind.js`. */
  readonly threads: { readonly eye: URL; readonly mind: URL };
}

/** Runs all cameras and the models until aborted; resolves when every thread and child is gone. */
export type RunVision = (settings: VisionSettings, context: VisionContext) => Promise<void>;
