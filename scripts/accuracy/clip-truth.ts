// The clip of known truth: six people, one after another, and the zone and lines by which they are judged.

/** Name of the clip among the shared data. */
export const CLIP = "one-by-one-person-detection.mp4";

/** When each of the six stands at the table, seconds; by eye, to half a second. */
export const STANDING: readonly (readonly [fromS: number, toS: number])[] = [
  [7.4, 18.4],
  [24.2, 43.6],
  [52.0, 68.8],
  [76.2, 85.4],
  [94.0, 118.2],
  [125.4, 134.6],
];

/** Around the table, for the middle of a box. Shares of the picture. */
const TABLE = { left: 0.4, top: 0, right: 0.75, bottom: 0.62 } as const;
/**
 * They come in over the first line and leave over the second. The first lies where everybody has been seen for a frame or two
 * at 5 frames a second: somebody who comes in is a head and shoulders at first, whose middle is then already here.
 */
const COMING = { from: [0.1, 0.58], to: [0.8, 0.58] } as const;
const LEAVING = { from: [0.75, 0], to: [0.75, 1] } as const;

type Point = [number, number];
/** Where a place of the clip lies in another picture of the same scene, both in shares of the picture. */
export type Place = (place: Point) => Point;

/** The zone's corners, in the clip or in what `moved` makes of it; what would lie outside the picture is its edge. */
export function tableZone(moved: Place = (place) => place): Point[] {
  const { left, top, right, bottom } = TABLE;
  const corners: Point[] = [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
  return corners.map((corner) => withinPicture(moved(corner)));
}

/** First and last point of both lines; in a mirror hands change, so the points do too. */
export function clipLines(moved: Place = (place) => place): [Point, Point][] {
  const [origin, right] = [moved([0, 0]), moved([1, 0])];
  const isMirror = right[0] < origin[0];
  return [COMING, LEAVING].map(({ from, to }): [Point, Point] => {
    const points: [Point, Point] = [withinPicture(moved([...from])), withinPicture(moved([...to]))];
    return isMirror ? [points[1], points[0]] : points;
  });
}

function withinPicture([x, y]: Point): Point {
  const share = (value: number): number => Math.min(1, Math.max(0, value));
  return [share(x), share(y)];
}
