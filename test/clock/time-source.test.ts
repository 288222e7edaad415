import { describe, expect, it } from "vitest";
import { wordOfMark } from "../../src/clock/time-source.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 9, 0, 0);
const MINUTE_MS = 60_000;

describe("the mark of systemd's time client", () => {
  it("vouches while it is as fresh as the client keeps it", () => {
    expect(wordOfMark(NOW_MS - 35 * MINUTE_MS, NOW_MS)).toBe("synced");
    expect(wordOfMark(NOW_MS, NOW_MS)).toBe("synced");
  });
  it("does not vouch for a clock that somebody set since, whichever way", () => {
    expect(wordOfMark(NOW_MS - 10 * MINUTE_MS, NOW_MS + 3_652 * 1_440 * MINUTE_MS)).toBe("unsynced");
    expect(wordOfMark(NOW_MS - 10 * MINUTE_MS, NOW_MS - 1_440 * MINUTE_MS)).toBe("unsynced");
  });
  it("says nothing where it never was", () => {
    expect(wordOfMark(undefined, NOW_MS)).toBeUndefined();
  });
});
