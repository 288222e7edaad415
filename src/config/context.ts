// Settings of what surrounds a press: shifts, sales, scans, service windows, a seller's attempts; and of the local door.
import { z } from "zod";
import { hours, inOrder, OpeningHours, OUT_OF_ORDER } from "./weekly.ts";

const seconds = z.int().min(0).max(86_400);
const label = z.string().min(1).max(64);
const pattern = z.string().min(1).max(200).refine(isPattern, "not a regular expression");

const ScanPattern = z.strictObject({
  kind: z.enum(["customer", "badge", "transaction"]).describe("what such a code is"),
  pattern: pattern.describe(
    "regular expression over the whole code; its first group, or else all of it, is the number",
  ),
});

const ScheduledShift = z
  .strictObject({ staff: label.describe("label of the person"), ...hours })
  .refine(inOrder, OUT_OF_ORDER);

const Campaign = z.strictObject({
  label: label.describe("said in the events of that time"),
  from: z.iso.datetime({ offset: true }).describe("first moment, such as 2026-12-01T00:00:00+02:00"),
  to: z.iso.datetime({ offset: true }).describe("first moment after it"),
});

export const ContextConfig = z
  .strictObject({
    transactionBeforeS: seconds
      .default(60)
      .describe("a press belongs to the newest sale that ended at most this long before it, seconds"),
    customerBeforeS: seconds
      .default(120)
      .describe("a press or sale belongs to the customer whose card was read at most this long before, seconds"),
    shiftLimitH: z.int().min(1).max(48).default(14).describe("a shift nobody ended is ended after so many hours"),
    scans: z.array(ScanPattern).max(20).default([]).describe("how codes are told apart; the first that fits counts"),
    badges: z
      .record(z.string().min(1).max(256), label)
      .default({})
      .describe("number on a staff badge → label; another badge gets a label made of its keyed hash"),
    schedule: z.array(ScheduledShift).max(200).default([]).describe("shifts of the week, where nobody says them"),
    campaigns: z.array(Campaign).max(100).default([]).describe("what is tried out; the first that runs counts"),
  })
  .describe("what is known around a press");
export type ContextConfig = z.infer<typeof ContextConfig>;

export const ServiceConfig = z
  .strictObject({
    onDemand: z.boolean().default(false).describe("true: a press outside a service window is flagged `unattended`"),
    timeoutS: seconds.min(1).default(300).describe("a window nobody closes is closed after this, seconds"),
  })
  .describe("service windows of a queue or till system");

export const ActivityConfig = z
  .strictObject({
    buttons: z
      .record(z.string(), z.enum(["start", "end:sale", "end:no-sale", "end:unknown"]))
      .default({})
      .describe("button name → what it says of the attempt; such a button rates nothing"),
    limitS: seconds.min(1).default(1_800).describe("an attempt nobody ended is closed after this, seconds"),
  })
  .describe("a seller's attempts to sell");

export const HttpConfig = z
  .strictObject({
    port: z.int().min(0).max(65_535).default(8_723).describe("0 takes any free one"),
    host: z
      .union([z.ipv4(), z.ipv6()])
      .default("127.0.0.1")
      .describe("address to listen on; loopback unless the shop's network may come in"),
    tokenFile: z.string().min(1).describe("file that holds the bearer token and nothing else"),
    connections: z.int().min(1).max(1_000).default(32).describe("most connections at one moment"),
    commitMs: z.int().min(10).max(60_000).default(5_000).describe("an answer waits this long for the disk"),
    readMs: z.int().min(100).max(60_000).default(10_000).describe("a request must have arrived within this"),
  })
  .describe("the local HTTP door; off while absent");
export type HttpConfig = z.infer<typeof HttpConfig>;

export const CustomersConfig = z
  .strictObject({
    key: label.describe("id of the key; raise it with each new key"),
    keyFile: z.string().min(1).describe("file that holds the secret key, 32 characters or more"),
    formerKey: label.optional().describe("id of the key before, while servers still know customers by it"),
    formerKeyFile: z.string().min(1).optional().describe("file of the key before"),
  })
  .refine(
    (one) => (one.formerKey === undefined) === (one.formerKeyFile === undefined),
    "formerKey and formerKeyFile belong together",
  )
  .describe("the secret under which customers' numbers are hashed; without it customers are not told apart");
export type CustomersConfig = z.infer<typeof CustomersConfig>;

/** What a touchpoint may have of all this. */
export const surroundings = {
  readers: z
    .array(z.string().regex(/^[a-z0-9-]{1,48}$/))
    .default([])
    .describe("ids of code readers under `local.pads` that stand at this touchpoint; they ask nothing"),
  openingHours: OpeningHours.optional().describe("where they are not those of the fleet; an empty list: always open"),
  context: ContextConfig.prefault({}),
  service: ServiceConfig.prefault({}),
  activity: ActivityConfig.optional(),
};

function isPattern(source: string): boolean {
  try {
    return new RegExp(source).source !== "";
  } catch {
    return false;
  }
}
