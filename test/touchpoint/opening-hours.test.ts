import { describe, expect, it } from "vitest";
import type { OpeningSpan } from "../../src/config/weekly.ts";
import { minuteOfWeek, openSince } from "../../src/touchpoint/opening-hours.ts";

const VILNIUS = "Europe/Vilnius";
const SHOP: OpeningSpan[] = [
  { days: ["mon", "tue", "wed", "thu", "fri"], from: "09:00", to: "13:00" },
  { days: ["mon", "tue", "wed", "thu", "fri"], from: "13:00", to: "18:00" },
];
const since = (hours: OpeningSpan[], at: string, zone = VILNIUS): string | undefined => {
  const found = openSince(hours, zone, Date.parse(at));
  return found === undefined || !Number.isFinite(found) ? found?.toString() : new Date(found).toISOString();
};

describe("opening hours", () => {
  it("counts minutes from Monday 00:00 local time", () => {
    expect(minuteOfWeek(Date.parse("2026-11-22T22:00:00Z"), VILNIUS)).toBe(0);
    expect(minuteOfWeek(Date.parse("2026-11-22T21:59:59Z"), VILNIUS)).toBe(7 * 1440 - 1);
  });

  it.each([
    ["before opening", "2026-11-23T06:59:00Z", undefined],
    ["in the first minute", "2026-11-23T07:00:30Z", "2026-11-23T07:00:00.000Z"],
    ["spans that touch are one", "2026-11-23T15:59:59Z", "2026-11-23T07:00:00.000Z"],
    ["after closing", "2026-11-23T16:00:00Z", undefined],
    ["on a closed day", "2026-11-22T10:00:00Z", undefined],
  ])("%s", (_what, at, expected) => {
    expect(since(SHOP, at)).toBe(expected);
  });

  it("runs over midnight, and from Sunday into Monday", () => {
    const bar: OpeningSpan[] = [{ days: ["sun"], from: "20:00", to: "03:00" }];
    expect(since(bar, "2026-11-23T00:30:00Z")).toBe("2026-11-22T18:00:00.000Z");
    expect(since(bar, "2026-11-23T01:00:00Z")).toBeUndefined();
  });

  it("knows the beginning across both changes of daylight saving", () => {
    const night: OpeningSpan[] = [{ days: ["sat"], from: "23:00", to: "08:00" }];
    // Clocks go forward on 29 March 2026 at 03:00, back on 25 October 2026 at 04:00.
    expect(since(night, "2026-03-29T04:00:00Z")).toBe("2026-03-28T21:00:00.000Z");
    expect(since(night, "2026-10-25T05:00:00Z")).toBe("2026-10-24T20:00:00.000Z");
  });

  it("has no beginning where it never closes", () => {
    expect(since([], "2026-11-22T10:00:00Z")).toBe("-Infinity");
    const always: OpeningSpan[] = [
      { days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], from: "00:00", to: "24:00" },
    ];
    expect(since(always, "2026-11-22T10:00:00Z")).toBe("-Infinity");
  });
});
