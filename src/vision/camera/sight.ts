// How well a camera sees: pictures and their times in, its conditions out. Pure.
import type { CameraHealth } from "../../config/cameras.ts";
import type { Glance } from "../glance.ts";
import { createLasting, type Lasting } from "./lasting.ts";
import { createPace } from "./pace.ts";
import { createView } from "./view.ts";

/** What can be wrong with a camera whose frames come, the gravest first. */
export const CONDITIONS = ["dark", "covered", "frozen", "moved", "blurred", "slow"] as const;
export type Condition = (typeof CONDITIONS)[number];

/** With one of these the camera cannot say that a zone is empty. */
export const BLIND: ReadonlySet<Condition> = new Set(["dark", "covered", "frozen"]);

/** Mean luma below this shows nothing, 0..255: even a good sensor has only noise left there. */
const DARK = 12;
/** An even picture below this is a dark one: a lid and a night look the same. */
const DARK_EVEN = 24;
/** Fine detail below this share of what the camera is used to is out of focus. */
const BLURRED = 0.25;
/** Fewer arrivals than this share of what was asked for is too slow. */
const SLOW = 0.5;
/** Twice a second a picture is looked at: all that takes seconds to say needs no more. Milliseconds. */
const LOOK_MS = 500;

/** Judges one camera from the moment it is opened for the first time. */
export interface Sight {
  /**
   * A frame came.
   * @param atMs of a clock that never steps
   * @param fps frames per second that the source was asked for
   * @param glance gives the glance at it; asked for only when a picture is due
   * @returns the conditions that hold now, the gravest first
   */
  frame(atMs: number, fps: number, glance: () => Glance): readonly Condition[];
}

export function createSight(settings: CameraHealth): Sight {
  const lasting = (afterS: number): Lasting => createLasting(afterS * 1000, settings.recoverS * 1000);
  const holds: Readonly<Record<Condition, Lasting>> = {
    dark: lasting(settings.darkS),
    covered: lasting(settings.coveredS),
    frozen: lasting(settings.frozenS),
    moved: lasting(settings.movedS),
    blurred: lasting(settings.blurredS),
    slow: lasting(settings.slowS),
  };
  const view = createView();
  const pace = createPace();
  const standing = new Set<Condition>();
  let print: number | undefined;
  let lookedMs = Number.NEGATIVE_INFINITY;

  const hold = (condition: Condition, seen: boolean | undefined, atMs: number): void => {
    if (holds[condition].next(seen, atMs)) standing.add(condition);
    else standing.delete(condition);
  };
  const look = (glance: Glance, atMs: number): void => {
    const { even, elsewhere, focus } = view.compare(glance, atMs);
    const dark = isDark(glance.brightness, even);
    const same = glance.print === print;
    print = glance.print;
    const blind = dark || even;
    const away = settings.movedS > 0 && elsewhere === true;
    const unsharp = focus === undefined ? undefined : focus < BLURRED;
    hold("dark", dark, atMs);
    hold("covered", even && !dark, atMs);
    // A sensor without light may give nothing but zeros: that is dark, and no repetition.
    hold("frozen", dark ? undefined : same, atMs);
    hold("moved", blind ? undefined : elsewhere, atMs);
    hold("blurred", blind || away ? undefined : unsharp, atMs);
    // What is told is not learned: it would be forgotten that it was told. What nobody wants to hear of is.
    if (!blind && !away && !(settings.blurredS > 0 && unsharp === true)) view.learn();
  };
  return {
    frame(atMs, fps, glance) {
      const rate = pace.arrived(atMs, fps);
      hold("slow", rate === undefined ? undefined : rate < SLOW, atMs);
      if (atMs - lookedMs >= LOOK_MS) {
        lookedMs = atMs;
        look(glance(), atMs);
      }
      return CONDITIONS.filter((condition) => standing.has(condition));
    },
  };
}

/** @param brightness mean luma, 0..255 @param even nothing but one surface */
export function isDark(brightness: number, even: boolean): boolean {
  return brightness < (even ? DARK_EVEN : DARK);
}
