// What the shop's own clock says: day and time of the week in a time zone, daylight-saving changes included.
import { DAYS } from "../config/weekly.ts";

export interface LocalTime {
  /** YYYY-MM-DD. */
  readonly date: string;
  readonly day: (typeof DAYS)[number];
  /** HH:MM, 00:00 to 23:59. */
  readonly time: string;
}

/** Making one takes a millisecond; each is the same for ever. */
const formats = new Map<string, Intl.DateTimeFormat>();

export function localTime(unixMs: number, timezone: string): LocalTime {
  let format = formats.get(timezone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
    });
    formats.set(timezone, format);
  }
  const part = Object.fromEntries(format.formatToParts(unixMs).map(({ type, value }) => [type, value]));
  const date = `${part.year}-${part.month}-${part.day}`;
  // Sunday is 0 there and last here.
  const day = DAYS[(new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7] ?? "mon";
  return { date, day, time: `${part.hour}:${part.minute}` };
}

/** Whether `now` lies in the hours. */
export function within(
  hours: { readonly days: readonly string[]; readonly from: string; readonly to: string },
  now: LocalTime,
): boolean {
  return hours.days.includes(now.day) && hours.from <= now.time && now.time < hours.to;
}
