// Dates and moments as people write them on the command line.
import { InvalidArgumentError } from "commander";

/** A date that there is, YYYY-MM-DD. */
export function localDate(text: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || new Date(Date.parse(text)).toJSON()?.slice(0, 10) !== text)
    throw new InvalidArgumentError("write a date such as 2026-11-22");
  return text;
}

/** UTC milliseconds of a date, which begins in UTC, or of an RFC 3339 time. @throws InvalidArgumentError for anything else */
export function instantMs(text: string): number {
  const ms = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError("write 2026-11-22 or 2026-11-22T09:00:00Z");
  return ms;
}
