// Which of the newest frames are worth a look: the motion gate and the rate that the machine bears, for all cameras.
import type { Config } from "../config/schema.ts";
import type { Frame } from "./frame.ts";
import { createGate, OPEN_GATE } from "./gate.ts";
import type { Looked } from "./look.ts";
import { createPacer, FULL_RATE, JUDGE_MS, looksPerSecond, nextRate, type Strain } from "./rate.ts";

/** How fast the mean time of a look follows: a tenth of each new one. */
const FOLLOW = 0.1;

export interface EconomySettings {
  /** Frames per second of each camera's configuration. */
  readonly fps: readonly number[];
  readonly economy: Config["local"]["vision"]["economy"];
  readonly strain: () => Omit<Strain, "demand">;
  /** Told at the first frame and at each change: looks per second of each camera, in their order. */
  readonly rates: (perSecond: readonly number[]) => void;
}

export interface Economy {
  /** @param atMs when the frame arrived, of a clock that never steps */
  wants(camera: number, frame: Frame, atMs: number): boolean;
  /** @param spentMs what the look took */
  looked(camera: number, looked: Looked, spentMs: number): void;
}

export function createEconomy({ fps, economy, strain, rates }: EconomySettings): Economy {
  const cameras = fps.map(() => ({ gate: economy.rest ? createGate() : OPEN_GATE, pacer: createPacer() }));
  const framesPerSecond = fps.reduce((sum, each) => sum + each, 0);
  let rate = FULL_RATE;
  let lookMs = 0;
  let judgedMs: number | undefined;
  const tell = (): void => rates(fps.map((each) => looksPerSecond(each, rate)));
  const judge = (atMs: number): void => {
    if (judgedMs !== undefined && atMs - judgedMs < JUDGE_MS) return;
    if (judgedMs === undefined) tell();
    judgedMs = atMs;
    if (!economy.slowDown) return;
    const before = rate.step;
    rate = nextRate(rate, { ...strain(), demand: (framesPerSecond * lookMs) / 1_000 }, economy.hotC, atMs);
    if (rate.step !== before) tell();
  };
  return {
    wants(index, frame, atMs) {
      judge(atMs);
      const camera = cameras[index];
      // The gate sees every frame: what it does not see cannot wake it.
      if (camera?.gate.wants(frame, atMs) !== true) return false;
      return rate.step === 0 || camera.pacer.due(looksPerSecond(fps[index] ?? 0, rate), atMs);
    },
    looked(index, { faces, persons }, spentMs) {
      lookMs = lookMs === 0 ? spentMs : lookMs + FOLLOW * (spentMs - lookMs);
      cameras[index]?.gate.looked(faces.length + persons.length > 0);
    },
  };
}
