// Hours of the week on the shop's own clock, as opening hours and schedules of shifts are written.
import { z } from "zod";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const clock = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, "use HH:MM, 00:00 to 24:00")
  .describe("local time, HH:MM");

/** `from` belongs to the hours, `to` does not; hours over midnight are written as two. */
export const hours = {
  days: z
    .array(z.enum(DAYS))
    .min(1)
    .default([...DAYS])
    .describe("days of the week"),
  from: clock.describe("local time in `local.timezone`, HH:MM; belongs to the hours"),
  to: clock.describe("local time, HH:MM, later than `from`; no longer belongs; hours over midnight are written as two"),
};
export const inOrder = ({ from, to }: { readonly from: string; readonly to: string }): boolean => from < to;
export const OUT_OF_ORDER = "`to` must be later than `from`; write hours over midnight as two";

/** Weekly local times at which a place is open; spans may overlap. */
const OpeningSpan = z.strictObject({
  days: hours.days,
  from: clock.describe("local time in `local.timezone`, HH:MM; belongs to the hours"),
  to: clock.describe("local time, HH:MM; no longer belongs; at or before `from` it is on the next day"),
});
export type OpeningSpan = z.infer<typeof OpeningSpan>;
export const OpeningHours = z.array(OpeningSpan).max(50);
