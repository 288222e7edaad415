// What the threads of the vision room say to each other: numbers and states, never a picture.
import type { MessagePort } from "node:worker_threads";
import type { CameraConfig } from "../config/cameras.ts";
import type { ReadingLimits } from "../config/reading.ts";
import type { StageState } from "../supervise/keep-running.ts";
import { Fault, type FaultCode } from "../words/errors.ts";
import type { FaceSeen, PersonSeen } from "../words/inputs.ts";
import type { Condition } from "./camera/sight.ts";
import type { LookModels } from "./look.ts";
import type { VisionSettings } from "./vision.ts";

/** A fault on its way between threads. */
export interface FaultMessage {
  readonly code: FaultCode;
  readonly message: string;
}

export function toMessage(fault: Fault): FaultMessage {
  return { code: fault.code, message: fault.message };
}

export function fromMessage({ code, message }: FaultMessage): Fault {
  return new Fault(code, message);
}

export interface EyeData {
  readonly cameras: readonly {
    readonly config: CameraConfig;
    readonly memory: SharedArrayBuffer;
    /** Not to be opened until it is said to. */
    readonly paused: boolean;
  }[];
  /** To the mind: index of a camera that has a frame to look at. */
  readonly bell: MessagePort;
}

export type EyeMessage =
  | { readonly kind: "frame"; readonly camera: number; readonly dropped: boolean }
  /** The camera's conditions changed; the gravest first, none where all is well. */
  | { readonly kind: "sight"; readonly camera: number; readonly conditions: readonly Condition[] }
  | { readonly kind: "state"; readonly camera: number; readonly state: StageState; readonly fault?: FaultMessage };

export interface MindData {
  readonly cameras: readonly { readonly config: CameraConfig; readonly memory: SharedArrayBuffer }[];
  readonly modelsDir: string;
  readonly models: LookModels;
  readonly threads: number;
  readonly limits: ReadingLimits;
  readonly economy: VisionSettings["vision"]["economy"];
  /** From the eye. */
  readonly bell: MessagePort;
}

export type MindMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "fault"; readonly fault: FaultMessage }
  /** How often each camera is looked at from now on, in their order, looks per second. */
  | { readonly kind: "rates"; readonly perSecond: readonly number[] }
  | {
      readonly kind: "looked";
      readonly camera: number;
      /** When the frame arrived, CLOCK_MONOTONIC milliseconds. */
      readonly atMs: number;
      readonly faces: FaceSeen[];
      readonly persons: PersonSeen[];
      /** Frames before this one that were glanced at only. */
      readonly passed: number;
    };

/** The word to either thread: end in order. */
export const STOP = "stop";

/** To the eye: close a camera, or open it again; it answers `paused` when the camera's process is gone. */
export interface PauseMessage {
  readonly camera: number;
  readonly paused: boolean;
}

/** CLOCK_MONOTONIC, milliseconds: the same in every thread, unlike `performance.now`. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
