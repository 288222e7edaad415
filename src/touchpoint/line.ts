// Crossing a directed line: who came from beyond its band on one side to beyond it on the other. Pure.
import type { LineConfig } from "../config/footfall.ts";

/** Which hand of the line a point lies on, to one who looks from its first point to its second: −1 left, 1 right. */
type Side = -1 | 1;
export type Direction = "in" | "out";

/** What is remembered of one track at one line. */
export interface Passage {
  readonly point: readonly [number, number];
  /** The side it comes from: where it was last beyond the band, or, before that, where it was first seen. */
  readonly from: Side;
  /** Distance at which it was first seen, until it was beyond the band; see {@link FIRST_MOVE}. */
  readonly bornAt: number | undefined;
  /** Whether it last changed sides between the line's two points, and not around them. */
  readonly through: boolean;
  readonly counted: readonly Direction[];
}

/**
 * Who is first seen within the band, as it happens where a line lies near the picture's edge, has come from the side where
 * that was only if it then moved this many bands; less may be the box settling.
 */
const FIRST_MOVE = 1.5;

export function beginPassage(line: LineConfig, point: readonly [number, number]): Passage {
  const bornAt = distance(line, point);
  return { point, from: sideOf(bornAt), bornAt, through: false, counted: [] };
}

/**
 * The track is at `point` now (shares of the frame). It has crossed once it is beyond the band on the other side; who turns
 * round within the band has not, and each direction counts once.
 */
export function movePassage(
  line: LineConfig,
  before: Passage,
  point: readonly [number, number],
): { passage: Passage; crossed: Direction | undefined } {
  const now = distance(line, point);
  const side = sideOf(now);
  const changed = side !== sideOf(distance(line, before.point));
  const through = changed ? isBetween(line, before.point, point) : before.through;
  if (Math.abs(now) < line.band) return { passage: { ...before, point, through }, crossed: undefined };
  const direction: Direction = (side === -1) === (line.in === "left") ? "in" : "out";
  const { from, bornAt } = before;
  const moved =
    bornAt === undefined || Math.abs(bornAt) >= line.band || Math.abs(now - bornAt) >= FIRST_MOVE * line.band;
  const crossed = side !== from && moved && through && !before.counted.includes(direction) ? direction : undefined;
  const counted = crossed === undefined ? before.counted : [...before.counted, crossed];
  return { passage: { point, from: side, bornAt: undefined, through, counted }, crossed };
}

/** Distance from the line drawn on for ever, shares of the frame; negative on its left hand. */
function distance({ from, to }: LineConfig, [x, y]: readonly [number, number]): number {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  // y grows downwards, so that a positive cross product is the right hand.
  return (dx * (y - from[1]) - dy * (x - from[0])) / Math.hypot(dx, dy);
}

function sideOf(signed: number): Side {
  return signed < 0 ? -1 : 1;
}

/** Whether the way from `a` to `b`, on different sides, meets the line between its two points. */
function isBetween(line: LineConfig, a: readonly [number, number], b: readonly [number, number]): boolean {
  const [da, db] = [distance(line, a), distance(line, b)];
  const share = da === db ? 0 : da / (da - db);
  const [x, y] = [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
  const [dx, dy] = [line.to[0] - line.from[0], line.to[1] - line.from[1]];
  const along = ((x - line.from[0]) * dx + (y - line.from[1]) * dy) / (dx * dx + dy * dy);
  return along >= 0 && along <= 1;
}
