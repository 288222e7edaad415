// The words of the outward contract: the event envelope and the data of each event type, one zod schema each.
import { z } from "zod";
import { AuditData } from "./audit.ts";
import { ErasedData } from "./erased.ts";
import { AlertData, AnswerData, CallbackData, JudgementData, PressData, SurveyData } from "./feedback.ts";
import { OccupancyData, QueueData, VisitData } from "./footfall.ts";
import { instant } from "./instant.ts";
import { CoverageData, RollupData } from "./rollups.ts";
import { ActivityData, ScanData, ServiceData, ShiftData, TransactionData } from "./trade.ts";

/** `synced`: a time source vouches for it; `unsynced`: none does; `corrected`: repaired before sending. */
export const ClockState = z.enum(["synced", "unsynced", "corrected"]);
export type ClockState = z.infer<typeof ClockState>;

const share = z.number().min(0).max(1);

/** An episode: the zone was occupied for the dwell time or longer, bridged by the grace time. */
export const ContactData = z.object({
  camera: z.string(),
  zone: z.string(),
  start: instant,
  end: instant,
  durationMs: z.number().min(0),
  people: z.int().min(1).describe("most people in the zone at one moment"),
  outcome: z.enum(["answered", "silent", "cut"]),
  presses: z
    .array(z.string())
    .describe(
      "ids of the presses, or of the answers given by pad, that belong to this episode: the only truth of the join",
    ),
  cause: z.enum(["restart", "camera-lost", "stopped", "paused"]).optional().describe("why an episode was cut"),
  clock: z
    .literal("unsynced")
    .optional()
    .describe("start and end were said by an earlier boot's clock, which nobody confirmed; no repair is for them"),
});

/** A zone became occupied or empty. After a `contact` with outcome `cut` nobody knows: the next presence says. */
export const PresenceData = z.object({
  camera: z.string(),
  zone: z.string(),
  occupied: z.boolean(),
  people: z.int().min(0),
});

export const EXPRESSIONS = [
  "neutral",
  "happiness",
  "surprise",
  "sadness",
  "anger",
  "disgust",
  "fear",
  "contempt",
] as const;
export type Expression = (typeof EXPRESSIONS)[number];

/** Years of age, for instance `18-29` or `60+`; the operator's model decides which bands there are. */
export const AgeBand = z.string().regex(/^\d{1,3}(-\d{1,3}|\+)$/, "for instance 18-29 or 60+");
export const SEXES = ["female", "male"] as const;
export type Sex = (typeof SEXES)[number];

/** Why nothing is read off a face: too few pixels, turned away too far, not sharp enough. */
export const UNREAD = ["small", "turned", "blurred"] as const;
export type Unread = (typeof UNREAD)[number];

/** The emotional background over an interval. Below `k` people everything but the counts is suppressed. */
export const MoodData = z.object({
  camera: z.string(),
  zone: z.string(),
  start: instant,
  end: instant,
  people: z
    .int()
    .min(0)
    .describe("people whose faces were read, at least so many; somebody who comes back after a while counts again"),
  observations: z.int().min(0).describe("face readings the figures rest on"),
  coveredMs: z.number().min(0).optional().describe("how long of the interval the camera looked and faces were read"),
  unread: z
    .partialRecord(z.enum(UNREAD), z.int().min(1))
    .optional()
    .describe("faces off which nothing was read, once for each frame, by reason"),
  k: z.int().min(1),
  suppressed: z.boolean(),
  expressions: z.record(z.enum(EXPRESSIONS), share).optional(),
  ages: z.record(AgeBand, share).optional().describe("mean probability of each age band, by the operator's model"),
  sexes: z.record(z.enum(SEXES), share).optional().describe("mean probability of each sex, by the operator's model"),
  valence: z.number().min(-1).max(1).optional(),
  smile: share.optional().describe("smile index: mean probability of happiness"),
});

/** A stage of the agent changed state. */
export const HealthData = z.object({
  stage: z.string().describe("for instance pad:p1, camera:door, uplink, journal, vision"),
  state: z
    .enum(["starting", "ok", "degraded", "stopped", "paused"])
    .describe("paused: a camera that was closed because somebody wanted it; the message says who, and since when"),
  code: z.string().optional(),
  message: z.string().optional(),
  hint: z.string().optional(),
});

/** A loss, owned: never dropped itself. */
export const GapData = z.object({
  source: z.enum(["journal", "pad"]),
  from: z.int().min(0).describe("first missing seq, or pad counter"),
  to: z.int().min(0),
  count: z.int().min(1).describe("how many are lost; one that arrived nevertheless counts as arrived"),
  stream: z.uuid().optional().describe("the stream the numbers belong to, where it is not the event's own"),
  ranges: z
    .array(z.tuple([z.int().min(0), z.int().min(0)]))
    .optional()
    .describe("first and last of each part, where not all of `from` to `to` is lost"),
  types: z.record(z.string(), z.int().min(0)).optional(),
  pad: z.string().optional(),
  session: z.string().optional(),
  reason: z.string(),
});

/** The `unsynced` events of a part of a boot, repaired: nothing else about them changes. */
export const ClockData = z.object({
  boot: z.string().describe("the boot whose events are meant; it may be an earlier one"),
  fromMono: z.number().min(0).describe("first `mono` that is meant, and of it only events that are `unsynced`"),
  toMono: z.number().min(0).describe("last `mono` that is meant; another part of that boot may have another offset"),
  offsetMs: z
    .int()
    .describe("to be added to their `time`, and to `start` and `end` in `data` without a `clock` of its own"),
  uncertaintyMs: z.int().min(0).describe("how far the repaired times may be from the truth, either way"),
  reason: z
    .enum(["boot", "step", "source-lost"])
    .describe("why they were unsynced: no time since boot, the clock was stepped, or its source was lost"),
});

/** Data schema of every event type this version can emit. */
export const EVENT_DATA = {
  press: PressData,
  contact: ContactData,
  presence: PresenceData,
  mood: MoodData,
  health: HealthData,
  gap: GapData,
  clock: ClockData,
  judgement: JudgementData,
  answer: AnswerData,
  survey: SurveyData,
  alert: AlertData,
  activity: ActivityData,
  transaction: TransactionData,
  shift: ShiftData,
  scan: ScanData,
  service: ServiceData,
  coverage: CoverageData,
  rollup: RollupData,
  visit: VisitData,
  occupancy: OccupancyData,
  queue: QueueData,
  callback: CallbackData,
  audit: AuditData,
  erased: ErasedData,
} as const;

export type EventType = keyof typeof EVENT_DATA;
export const EVENT_TYPES = Object.keys(EVENT_DATA) as EventType[];
export type EventData = { [T in EventType]: z.infer<(typeof EVENT_DATA)[T]> };

/** Names of the fields in an event's data that are UTC, and move with its `time` when that is repaired. */
export function instantsOf(type: EventType): string[] {
  return Object.entries(EVENT_DATA[type].shape).flatMap(([name, schema]) => (schema === instant ? [name] : []));
}

/**
 * How urgently an event leaves: a lower lane goes ahead of a backlog in a higher one. Within a lane order is `seq`.
 * 0 is kept for alerts.
 */
export const LANE: Record<EventType, number> = {
  press: 1,
  contact: 2,
  presence: 2,
  mood: 2,
  health: 2,
  gap: 2,
  clock: 1,
  judgement: 2,
  answer: 1,
  survey: 1,
  alert: 0,
  activity: 2,
  transaction: 2,
  shift: 2,
  scan: 2,
  service: 2,
  coverage: 2,
  rollup: 2,
  visit: 2,
  occupancy: 2,
  queue: 2,
  callback: 1,
  audit: 2,
  erased: 1,
};
export const LANES = [0, 1, 2] as const;

/** Envelope of every event; what is inside `data` depends on `type`. */
export const Envelope = z.object({
  v: z.literal(1),
  id: z.uuidv7(),
  stream: z.uuid(),
  seq: z.int().min(1),
  type: z.string(),
  time: instant,
  tz: z.string(),
  clock: ClockState,
  boot: z.string(),
  mono: z.number().min(0).describe("CLOCK_BOOTTIME, milliseconds"),
  site: z.string(),
  device: z.string(),
  touchpoint: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
});
export type Envelope = z.infer<typeof Envelope>;

/** What decides an event says of it; identity, clocks and seq are added on the way to the journal. */
export type Fact = {
  [T in EventType]: {
    readonly type: T;
    readonly id: string;
    readonly touchpoint?: string;
    readonly atMs: number;
    readonly data: EventData[T];
  };
}[EventType];

/** An envelope without `stream` and `seq`, which the journal gives. */
export type Stamped = Omit<Envelope, "stream" | "seq"> & { type: EventType };
