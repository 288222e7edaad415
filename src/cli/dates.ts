// Dates as people write them on the command line.
import { InvalidArgumentError } from "commander";

/** A date that there is, YYYY-MM-DD. */
export function localDate(text: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || new Date(Date.parse(text)).toJSON()?.slice(0, 10) !== text)
    throw new InvalidArgumentError("write a date such as 2026-11-22");
  return text;
}
