// The seam of the vision room: cameras in, numbers out. No picture ever crosses it.
import type { CameraConfig } from "../config/cameras.ts";
import type { Config } from "../config/schema.ts";
import type { StageReport } from "../supervise/keep-running.ts";
import type { Fault } from "../words/errors.ts";
import type { CameraState, Seen } from "../words/inputs.ts";

/** Which cameras are to be closed because somebody wants it. */
export interface Pauses {
  /** Who paused a camera, as its stage says it; undefined where nobody did. */
  of(camera: string): Fault | undefined;
  /** Calls `listener` with each camera of which that changed, until the function returned is called. */
  watch(listener: (camera: string) => void): () => void;
}

export interface VisionContext {
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  /** Where stages report: `vision` for the models, `vision:rate` for how often they look, `camera:{id}` for each camera. */
  readonly report: (stage: string) => StageReport;
  readonly seen: (seen: Seen | CameraState) => void;
  /**
   * Counters for health, per camera: `frames` that came, `dropped` because a newer one came first, `inferred`, `rested`
   * that were glanced at only; `rate` is no count but the looks per second aimed at now.
   */
  readonly count: (stage: string, counter: string, by: number) => void;
  /** Absent: no camera is ever paused. */
  readonly pauses?: Pauses;
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
