// Predicts where a box will be: a Kalman filter with constant velocity for its middle and constant size. Pure.
import type { Box } from "../../words/inputs.ts";

/**
 * One coordinate: position and velocity with their covariance. Units are shares of the frame and seconds.
 * The noises of the four coordinates of a box do not depend on each other, so one filter of eight dimensions, as SORT and
 * ByteTrack have it, falls into four small ones with the same result.
 */
interface Axis {
  readonly position: number;
  readonly velocity: number;
  readonly pp: number;
  readonly pv: number;
  readonly vv: number;
}

/** A box in motion: its middle has a velocity, its size wanders. */
export interface BoxFilter {
  readonly x: Axis;
  readonly y: Axis;
  readonly width: Axis;
  readonly height: Axis;
}

/** Standard deviation of a detector's coordinates, as a share of the box: ByteTrack's 1/20. */
const MEASURED = 1 / 20;
/** How fast somebody may already be when first seen, boxes a second: 1.7 m tall, 1.4 m/s. */
const SPEED_AT_FIRST = 0.8;
/** How much a speed changes within a second, boxes a second: people start, stop and turn within one. */
const AGILITY = 1;
/** How much a size changes within a second, as a share: somebody coming into the picture doubles within one. */
const GROWTH = 0.5;
/** A person is about this much taller than wide: what is one box high in y is two to three wide in x. */
const TALLER = 2;

/** The filter of a box seen for the first time. */
export function beginBox(box: Box): BoxFilter {
  const [x, y, w, h] = box;
  const moving = (position: number, scale: number): Axis => ({
    position,
    velocity: 0,
    pp: (MEASURED * scale) ** 2,
    pv: 0,
    vv: (SPEED_AT_FIRST * scale) ** 2,
  });
  const still = (position: number): Axis => ({ position, velocity: 0, pp: (MEASURED * position) ** 2, pv: 0, vv: 0 });
  return { x: moving(x + w / 2, TALLER * w), y: moving(y + h / 2, h), width: still(w), height: still(h) };
}

/** @param seconds since the filter's last moment, 0 or more: frames may be missing */
export function predictBox({ x, y, width, height }: BoxFilter, seconds: number): BoxFilter {
  return {
    x: predictMoving(x, (AGILITY * TALLER * width.position) ** 2, seconds),
    y: predictMoving(y, (AGILITY * height.position) ** 2, seconds),
    width: { ...width, pp: width.pp + (GROWTH * width.position) ** 2 * seconds },
    height: { ...height, pp: height.pp + (GROWTH * height.position) ** 2 * seconds },
  };
}

/** @param box what a detector saw at the moment the filter was predicted for */
export function correctBox({ x, y, width, height }: BoxFilter, box: Box): BoxFilter {
  const [left, top, w, h] = box;
  return {
    x: correct(x, left + w / 2, (MEASURED * TALLER * w) ** 2),
    y: correct(y, top + h / 2, (MEASURED * h) ** 2),
    width: correct(width, w, (MEASURED * w) ** 2),
    height: correct(height, h, (MEASURED * h) ** 2),
  };
}

/** The box as the filter believes it, shares of the frame; it may reach beyond. */
export function boxOf({ x, y, width, height }: BoxFilter): Box {
  return [x.position - width.position / 2, y.position - height.position / 2, width.position, height.position];
}

/** Constant velocity, disturbed by white noise of acceleration; `q` is its power. */
function predictMoving({ position, velocity, pp, pv, vv }: Axis, q: number, t: number): Axis {
  return {
    position: position + velocity * t,
    velocity,
    pp: pp + 2 * t * pv + t * t * vv + (q * t ** 3) / 3,
    pv: pv + t * vv + (q * t * t) / 2,
    vv: vv + q * t,
  };
}

function correct({ position, velocity, pp, pv, vv }: Axis, measured: number, noise: number): Axis {
  const total = pp + noise;
  const surprise = measured - position;
  return {
    position: position + (pp / total) * surprise,
    velocity: velocity + (pv / total) * surprise,
    pp: (1 - pp / total) * pp,
    pv: (1 - pp / total) * pv,
    vv: vv - (pv / total) * pv,
  };
}
