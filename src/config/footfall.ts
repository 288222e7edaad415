// Settings of who comes and goes: counting lines, places of staff, queues, and how people are followed from frame to frame.
import { z } from "zod";
import { anchor, id, milliseconds, minScore, point, polygon } from "./fields.ts";

const by = z.enum(["person", "face"]).default("person").describe("what is followed across the line");

/** Two points nearer to each other than this are one, share of the frame. */
export const SHORTEST_LINE = 0.01;

export const LineConfig = z
  .strictObject({
    id: id.describe("name of the line, unique in its touchpoint"),
    camera: id.describe("id of a camera under `local.cameras`"),
    from: point.describe("first point, shares of the frame, origin top left"),
    to: point.describe("second point"),
    in: z
      .enum(["left", "right"])
      .default("left")
      .describe("the hand on which somebody comes in, to one who looks from the first point to the second"),
    band: z
      .number()
      .min(0)
      .max(0.5)
      .default(0.03)
      .describe("hysteresis on either side, share of the frame: who turns round within it has not crossed"),
    by,
    anchor: anchor.default("centre"),
    staff: z
      .boolean()
      .default(false)
      .describe("true: only staff crosses here; nobody is counted, and who crossed it is counted nowhere afterwards"),
  })
  .refine(({ from, to }) => Math.hypot(to[0] - from[0], to[1] - from[1]) >= SHORTEST_LINE, {
    path: ["to"],
    message: "a line needs two different points",
  })
  .describe("a line that is counted when it is crossed");
export type LineConfig = z.infer<typeof LineConfig>;

const StaffZone = z
  .strictObject({
    camera: id.describe("id of a camera under `local.cameras`"),
    polygon: polygon.describe("corners as shares of the frame, origin top left"),
    anchor: anchor.default("centre"),
    dwellMs: milliseconds.default(2_000).describe("who stays in it this long is staff until lost from view"),
  })
  .describe("where only staff stands: whoever stays there crosses no line and waits in no queue");

export const QueueConfig = z
  .strictObject({
    camera: id.describe("id of a camera under `local.cameras`"),
    polygon: polygon.describe("where people wait: corners as shares of the frame"),
    service: polygon
      .optional()
      .describe("where they are served; who leaves the queue for elsewhere has not waited to the end but given up"),
    by,
    anchor: anchor.default("centre"),
    minScore: minScore.default(0.5),
    passMs: milliseconds.default(3_000).describe("shorter in the queue is only passing through it"),
    toServiceMs: milliseconds.default(5_000).describe("from leaving the queue to standing at the service at most"),
    intervalS: z.int().min(10).max(86_400).default(300).describe("length of an interval, seconds"),
  })
  .describe("a queue: its length and how long people wait, an event per interval");
export type QueueConfig = z.infer<typeof QueueConfig>;

/** How people are followed; see src/touchpoint/tracking/tracker.ts. */
export const TrackingSettings = z
  .strictObject({
    highScore: minScore
      .default(0.5)
      .describe("detections this sure are matched first, and only they begin to be followed"),
    lowScore: minScore
      .default(0.2)
      .describe("weaker ones than this are left out; those between keep somebody half hidden"),
    bridgeMs: milliseconds.default(1_500).describe("somebody not seen for up to this long is still the same"),
  })
  .describe("following people from frame to frame, per camera and never longer than they are in view");
export type TrackingSettings = z.infer<typeof TrackingSettings>;

/** What a touchpoint may have of all this. */
export const footfall = {
  lines: z.array(LineConfig).max(20).default([]).describe("lines at which visits are counted"),
  staffZones: z.array(StaffZone).max(20).default([]).describe("where only staff stands"),
  queue: QueueConfig.optional(),
  resetAt: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "use HH:MM, 00:00 to 23:59")
    .default("04:00")
    .describe(
      "local time at which nobody is inside: occupancy begins again at 0, and what it was is reported as drift",
    ),
};

/** A place in a camera's picture; without `by` whatever is followed there will do. */
interface Place {
  readonly camera: string;
  readonly by?: "face" | "person" | "either";
}

interface Watching {
  readonly zone?: Place | undefined;
  readonly lines: readonly (Place & { readonly id: string })[];
  readonly staffZones: readonly Place[];
  readonly queue?: Place | undefined;
}

/**
 * Mistakes that no single field shows: cameras that are not there or do not look for what is counted, names used twice.
 * @param cameras what each camera looks for, by its id
 */
export function checkFootfall(
  touchpoint: Watching,
  cameras: ReadonlyMap<string, readonly ("face" | "person")[]>,
  mistake: (path: (string | number)[], message: string) => void,
): void {
  const { zone, lines, staffZones, queue } = touchpoint;
  const watched: [(string | number)[], Place | undefined][] = [
    [["zone"], zone],
    [["queue"], queue],
    ...lines.map((line, i): [(string | number)[], Place] => [["lines", i], line]),
    ...staffZones.map((one, i): [(string | number)[], Place] => [["staffZones", i], one]),
  ];
  for (const [path, place] of watched) {
    if (place === undefined) continue;
    const { camera, by = "either" } = place;
    const detect = cameras.get(camera);
    if (detect === undefined) mistake([...path, "camera"], `no camera "${camera}" under local.cameras`);
    else if (by !== "either" && !detect.includes(by))
      mistake([...path, "by"], `camera "${camera}" does not look for "${by}": see its detect`);
  }
  lines.forEach((line, i) => {
    if (lines.findIndex((other) => other.id === line.id) !== i)
      mistake(["lines", i, "id"], `"${line.id}" is used twice`);
  });
}
