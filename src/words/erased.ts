// The words of an erasure: what is to be erased, and the event by which the server learns what it must erase too.
import { z } from "zod";
import { CustomerKey } from "./feedback.ts";

/**
 * Types of event that are about the device and not about people: an erasure of a span leaves them, and only that of `all`
 * takes them along. Among them are those that own what is missing.
 */
export const NOT_OF_PEOPLE = ["health", "gap", "clock", "audit", "erased", "coverage", "rollup"] as const;

const at = z.iso.datetime({ offset: true });

/** What is to be erased: exactly one of these is named. */
export const Erasable = z.discriminatedUnion("what", [
  z.object({ what: z.literal("customer"), customers: z.array(CustomerKey).min(1).max(4) }),
  z.object({ what: z.literal("transaction"), transaction: z.string().min(1).max(200) }),
  z.object({ what: z.literal("span"), from: at, to: at, touchpoint: z.string().min(1).max(48).optional() }),
  z.object({ what: z.literal("all") }),
]);
export type Erasable = z.infer<typeof Erasable>;

/** An erasure that somebody ordered. */
export const ErasureOrder = z.object({
  order: z.string().min(1).max(64).describe("id of the command, or one made here"),
  erasable: Erasable,
  by: z.string().min(1).max(200),
  reason: z.string().min(1).max(200),
  via: z.enum(["mqtt", "local"]),
});
export type ErasureOrder = z.infer<typeof ErasureOrder>;

/**
 * Rows were erased. It owns their numbers as a `gap` does, but what still arrives under them must not be stored, and what
 * was stored under them must be erased. It never says what it erased.
 */
export const ErasedData = z.object({
  what: z
    .enum(["customer", "transaction", "span", "all"])
    .describe("of a customer, of a sale, of a span of time, or everything this device ever said before this event"),
  stream: z.uuid().describe("the stream the numbers belong to"),
  ranges: z
    .array(z.tuple([z.int().min(1), z.int().min(1)]))
    .describe("first and last seq of each part; empty where the device had nothing of it any more"),
  count: z.int().min(0).describe("rows that were on the device; others it had given up before"),
  matches: z
    .array(z.object({ salt: z.string().regex(/^[0-9a-f]{32}$/), sha256: z.string().regex(/^[0-9a-f]{64}$/) }))
    .optional()
    .describe(
      "of a customer or a sale: erase every event of this device whose `customer.hash`, `formerly.hash` or `transaction` gives this SHA-256, hexadecimal, of salt and value one after the other in UTF-8; the device may have given up some of them long ago",
    ),
  from: at
    .optional()
    .describe(
      "of a span: its begin, included; erase what lies in it and is not of these types: health, gap, clock, audit, erased, coverage, rollup",
    ),
  to: at.optional().describe("its end, not included"),
  touchpoint: z.string().optional().describe("of a span: only what was said of this touchpoint"),
  order: z.string().describe("id of the command that ordered it, or one made at the device"),
  reason: z.string().describe("why, as whoever ordered it said"),
  by: z.string().describe("who ordered it, as they said"),
  via: z.enum(["mqtt", "local"]),
});
export type ErasedData = z.infer<typeof ErasedData>;
