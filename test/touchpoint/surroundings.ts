// A touchpoint with everything around it, for the tests of context, service windows and attempts.
import { createHmac } from "node:crypto";
import type { ConfigInput } from "../../src/config/schema.ts";
import type { CustomerHash } from "../../src/touchpoint/context.ts";
import { createDay } from "./day.ts";

type TouchpointInput = ConfigInput["fleet"]["touchpoints"][number];

export const COUNTER: TouchpointInput = {
  id: "counter",
  pads: ["p1"],
  readers: ["reader"],
  question: { id: "visit", min: 1, max: 4, buttons: { "1": 1, "4": 4 } },
  activity: { buttons: { go: "start", sold: "end:sale", left: "end:no-sale" }, limitS: 600 },
  service: { onDemand: true, timeoutS: 300 },
  context: {
    transactionBeforeS: 60,
    customerBeforeS: 120,
    scans: [
      { kind: "customer", pattern: "99\\d{6}" },
      { kind: "badge", pattern: "S-(\\d+)" },
      { kind: "transaction", pattern: "T(\\d+)" },
    ],
    badges: { "1": "anna", "2": "jonas" },
  },
};

export const hash: CustomerHash = (raw) => ({
  customer: { key: "k2", hash: createHmac("sha256", "now".repeat(12)).update(raw).digest("hex").slice(0, 32) },
  formerly: { key: "k1", hash: createHmac("sha256", "then".repeat(12)).update(raw).digest("hex").slice(0, 32) },
});

export function createCounter(
  change: Partial<TouchpointInput> = {},
  kept: Record<string, unknown> = {},
  clock: Parameters<typeof createDay>[3] = {},
  more: Parameters<typeof createDay>[4] = {},
) {
  const day = createDay([{ ...COUNTER, ...change }], undefined, kept, clock, {
    hash,
    timezone: "Europe/Vilnius",
    ...more,
  });
  const touchpoint = "counter";
  return {
    ...day,
    sell: (transaction: string, amount: number | null = 10) =>
      day.decide({ kind: "transaction", touchpoint, transaction, amount, items: 1, atMs: day.nowMs() }),
    scan: (code: string) => day.decide({ kind: "scan", pad: "reader", code, atMs: day.nowMs() }),
    open: (service: string, more: { staff?: string; transaction?: string } = {}) =>
      day.decide({ kind: "service", touchpoint, action: "open", service, ...more, atMs: day.nowMs() }),
    close: (service: string) =>
      day.decide({ kind: "service", touchpoint, action: "close", service, atMs: day.nowMs() }),
    shift: (action: "start" | "end", staff: string) =>
      day.decide({ kind: "shift", touchpoint, action, staff, source: "api", atMs: day.nowMs() }),
    activity: (action: "start" | "end", outcome?: "sale" | "no-sale") =>
      day.decide({
        kind: "activity",
        touchpoint,
        action,
        ...(outcome === undefined ? {} : { outcome }),
        atMs: day.nowMs(),
      }),
    presses: () => day.of("press").map(({ data }) => data),
  };
}
