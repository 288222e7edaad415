// The words of who comes and goes: visits, the nightly account of them, and queues.
import { z } from "zod";
import { instant } from "./instant.ts";

/** A line was crossed, once per person in view and direction. */
export const VisitData = z.object({
  camera: z.string(),
  line: z.string(),
  direction: z.enum(["in", "out"]),
  occupancy: z.int().min(0).describe("people inside after it, by all lines of the touchpoint since the last reset"),
});

/** What was counted between two nightly resets, and how far the count was from the empty shop. */
export const OccupancyData = z.object({
  start: instant,
  end: instant,
  day: z.string().describe("local date on which the period began, YYYY-MM-DD"),
  in: z.int().min(0),
  out: z.int().min(0),
  drift: z.int().describe("in − out: people who would be inside now, where nobody is; below 0 more left than came"),
  unmet: z.int().min(0).describe("how many left when by the count nobody was inside: entries that were missed"),
});

/** A queue over an interval. Nobody is known in it: a wait ends with the view of the person. */
export const QueueData = z.object({
  camera: z.string(),
  zone: z.string(),
  start: instant,
  end: instant,
  watchedMs: z.number().min(0).describe("time of the interval in which the camera was looking, milliseconds"),
  meanLength: z.number().min(0).describe("people waiting, mean over the time watched"),
  maxLength: z.int().min(0).describe("most people waiting at one moment, single frames left out"),
  waits: z.int().min(0).describe("n: waits that ended in this interval and were seen from begin to end"),
  meanWaitMs: z.number().min(0).optional().describe("mean of those waits, milliseconds; absent without any"),
  maxWaitMs: z.number().min(0).optional(),
  gaveUp: z.int().min(0).describe("left the queue for elsewhere than the service; 0 where no service place is set"),
  lost: z.int().min(0).describe("waits of people lost from view: not in the mean, so with many of them it is too low"),
});
