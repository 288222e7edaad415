import { describe, expect, it } from "vitest";
import { startDeciding } from "../../src/agent/deciding.ts";
import { stampFact } from "../../src/agent/stamp.ts";
import { TouchpointConfig } from "../../src/config/schema.ts";
import type { Committed, Step } from "../../src/journal/journal.ts";
import type { Effect, Moment } from "../../src/touchpoint/decision.ts";
import { Envelope, EVENT_DATA, type Fact } from "../../src/words/events.ts";
import type { Input } from "../../src/words/inputs.ts";
import { until } from "../fakes/until.ts";
import { CHECKOUT } from "../touchpoint/day.ts";

/** A journal whose disk answers when the test says so. */
function createSlowDisk() {
  const waiting: { step: Step; done: (committed: Committed) => void }[] = [];
  return {
    steps: [] as Step[],
    commit(step: Step): Promise<Committed> {
      this.steps.push(step);
      return new Promise((done) => void waiting.push({ step, done }));
    },
    sync(): void {
      for (const { done } of waiting.splice(0)) done({});
    },
  };
}

function start() {
  const disk = createSlowDisk();
  const effects: Effect[] = [];
  const committed: Fact[] = [];
  let ids = 0;
  const moment = (): Moment => ({
    ms: 5000,
    unixMs: Date.UTC(2026, 10, 22, 9, 14, 7, 311),
    clock: "synced",
    boot: "6f1c9a2e",
    newId: () => {
      ids += 1;
      return `01938f00-0000-7000-8000-${String(ids).padStart(12, "0")}`;
    },
  });
  const place = { site: "vno", device: "till-03", tz: "Europe/Vilnius", boot: "6f1c9a2e" };
  const deciding = startDeciding(
    { touchpoints: [TouchpointConfig.parse(CHECKOUT)], mood: undefined },
    {},
    {
      journal: disk,
      moment,
      stamp: (fact, { ms, unixMs }) =>
        stampFact(fact, { ...place, timeOf: (atMs) => ({ unixMs: unixMs - ms + atMs, clock: "synced" }) }),
      perform: (effect) => effects.push(effect),
      dropped: () => undefined,
      committed: (facts) => committed.push(...facts),
      abandoned: (reason) => {
        throw reason;
      },
    },
  );
  const press = (counter: number, atMs = 4900): Input => ({
    kind: "press",
    pad: "p1",
    button: "4",
    atMs,
    ref: { port: "/dev/pad", pad: "p1", session: "s", counter },
  });
  return { disk, effects, committed, deciding, press };
}

describe("input → step → journal → effects", () => {
  it("is felt before the disk answers, thanked and acknowledged only after", async () => {
    const { disk, effects, committed, deciding, press } = start();
    deciding.decide(press(1));
    expect(effects).toEqual([{ kind: "indicate", pad: "p1", pattern: "felt" }]);
    // The pad resends while the disk stalls: still nothing is promised.
    deciding.decide(press(1));
    expect(effects).toHaveLength(1);
    disk.sync();
    await until(() => effects.length === 4, "effects after the commit");
    expect(effects.slice(1).map((effect) => (effect.kind === "indicate" ? effect.pattern : effect.kind))).toEqual([
      "acknowledge",
      "thanks",
      "acknowledge",
    ]);
    expect(committed).toHaveLength(1);
  });

  it("writes events and de-duplication window in one step, with the time of the press itself", () => {
    const { disk, deciding, press } = start();
    deciding.decide(press(1));
    const step = disk.steps[0];
    expect(step?.events).toHaveLength(1);
    expect(Object.keys(step?.keep ?? {})).toEqual(["window:/dev/pad:p1"]);
    const event = step?.events[0];
    expect(event).toMatchObject({
      time: "2026-11-22T09:14:07.211Z",
      mono: 4900,
      touchpoint: "checkout",
      clock: "synced",
    });
    const whole = Envelope.parse({ ...event, stream: crypto.randomUUID(), seq: 1 });
    expect(EVENT_DATA.press.parse(whole.data)).toEqual(event?.data);
  });

  it("asks nothing of the journal where nothing happened", () => {
    const { disk, deciding } = start();
    deciding.decide({ kind: "tick", atMs: 5000 });
    expect(disk.steps).toEqual([]);
  });
});
