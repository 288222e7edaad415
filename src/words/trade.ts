// Event data of the trade around a touchpoint: sales, shifts, service windows, readers, a seller's attempts.
import { z } from "zod";
import { CustomerKey } from "./feedback.ts";
import { instant } from "./instant.ts";

/** A sale, from the till. */
export const TransactionData = z.object({
  transaction: z.string().describe("the till's number of the sale; the same number again corrects it"),
  amount: z.number().nullable().describe("in `currency`; null where the till does not say"),
  currency: z.string().length(3).optional().describe("ISO 4217"),
  items: z.int().min(0).nullable().describe("pieces sold; null where the till does not say"),
  staff: z.string().optional(),
  shift: z.string().optional(),
  service: z.string().optional(),
  customer: CustomerKey.optional(),
  campaign: z.string().optional(),
});

/** Somebody came on duty at the touchpoint or left it. */
export const ShiftData = z.object({
  shift: z.string().describe("id of the shift"),
  staff: z.string(),
  state: z.enum(["started", "ended"]),
  source: z.enum(["badge", "api", "schedule"]),
  start: instant,
  end: instant.optional().describe("said when it ended"),
  reason: z.enum(["said", "next", "schedule", "forgotten"]).optional().describe("why it ended"),
});

/** A code was read. What it says is not here, only whose kind it is. */
export const ScanData = z.object({
  pad: z.string(),
  kind: z.enum(["customer", "badge", "transaction", "unknown"]),
  customer: CustomerKey.optional(),
  formerly: CustomerKey.optional().describe("the same customer under the key before, while keys change"),
  staff: z.string().optional(),
  transaction: z.string().optional(),
});

/** A queue or till system served somebody: the window in which a rating is asked for. */
export const ServiceData = z.object({
  service: z.string().describe("id of the window"),
  state: z.enum(["opened", "closed"]),
  ticket: z.string().optional(),
  staff: z.string().optional(),
  shift: z.string().optional(),
  transaction: z.string().optional(),
  start: instant,
  end: instant.optional(),
  presses: z.array(z.string()).optional().describe("ids of the presses that are bound to it; said when it closed"),
  reason: z.enum(["said", "next", "timeout", "restart"]).optional().describe("why it closed"),
});

/** A seller's attempt to sell. */
export const ActivityData = z.object({
  activity: z.string().describe("id of the attempt"),
  staff: z.string().optional(),
  shift: z.string().optional(),
  start: instant,
  end: instant,
  durationMs: z.number().min(0),
  outcome: z.enum(["sale", "no-sale", "unknown"]),
  flags: z
    .array(z.string())
    .describe("`forgotten`: nobody said the end, the time limit did; `restart`: the agent ended"),
});
