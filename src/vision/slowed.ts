// Says how often cameras are looked at, in health's numbers, and so that a person hears of it when it is too seldom.
import { Fault } from "../words/errors.ts";
import type { MindMessage } from "./messages.ts";
import { TRUSTED_PER_SECOND } from "./rate.ts";
import type { VisionContext, VisionSettings } from "./vision.ts";

export interface Slowed {
  rates(message: Extract<MindMessage, { kind: "rates" }>): void;
  looked(message: Extract<MindMessage, { kind: "looked" }>): void;
  /** The mind is gone: nothing is looked at any more. */
  end(): void;
}

export function createSlowed({ cameras }: Pick<VisionSettings, "cameras">, context: VisionContext): Slowed {
  const report = context.report("vision:rate");
  const told = cameras.map(() => 0);
  /** A machine that never slows down has no such stage. */
  let everSeldom = false;
  const set = (index: number, perSecond: number): void => {
    const camera = cameras[index];
    if (camera === undefined) return;
    // A counter holds the rate: what is added is the change.
    context.count(`camera:${camera.id}`, "rate", perSecond - (told[index] ?? 0));
    told[index] = perSecond;
  };
  return {
    rates({ perSecond }) {
      for (const [index, rate] of perSecond.entries()) set(index, rate);
      const seldom = cameras.filter(({ fps }, index) => (perSecond[index] ?? fps) < Math.min(fps, TRUSTED_PER_SECOND));
      everSeldom ||= seldom.length > 0;
      if (!everSeldom) return;
      if (seldom.length === 0) report("ok");
      else report("degraded", new Fault("VISION_SLOWED", `${seldom.map(({ id }) => id).join(", ")}: too few looks`));
    },
    looked({ camera, passed }) {
      const id = cameras[camera]?.id;
      if (passed > 0 && id !== undefined) context.count(`camera:${id}`, "rested", passed);
    },
    end() {
      for (const index of cameras.keys()) set(index, 0);
      if (everSeldom) report("stopped");
    },
  };
}
