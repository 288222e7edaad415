// Times of an uplink that comes back quickly.
import type { UplinkTimings } from "../../src/uplink/uplink.ts";

/** The rules are those of the product; only their times are shorter. */
export const IMPATIENT: Partial<UplinkTimings> = {
  backoff: { firstMs: 50, maxMs: 400, stableAfterMs: 1_000 },
  connackMs: 3_000,
  pubackMs: 4_000,
  deliveryMs: 100,
};
