// What holds of all products together, whatever happens: restarts change nothing but what they are meant to, presses are told once.
import fc from "fast-check";
import { expect, test } from "vitest";
import { cardHash, shop } from "../../src/simulate/shop.ts";
import type { Decision, Moment } from "../../src/touchpoint/decision.ts";
import { type EngineState, startEngine, step } from "../../src/touchpoint/engine.ts";
import { engineSettings } from "../../src/touchpoint/settings.ts";
import type { Fact } from "../../src/words/events.ts";
import type { Input, PressInput } from "../../src/words/inputs.ts";
import { keepInto } from "./keep.ts";

const { fleet, ...place } = shop();
// How long a camera has been away is counted anew when the machine was off: alerts-properties.test.ts has restarts of the agent.
const rules = fleet.alerts.rules.filter(({ kind }) => kind !== "camera");
const settings = engineSettings({ ...place, fleet: { ...fleet, alerts: { ...fleet.alerts, rules } } }, cardHash);
const BUTTONS = {
  "p1-left": ["1", "4", "slow"],
  p2: ["1", "3", "manager"],
  p3: ["1", "5"],
  p4: ["2", "begin", "sold", "not-sold"],
} as const;
type Pad = keyof typeof BUTTONS;
type Restart = "agent" | "machine" | undefined;

/** An input without its time. */
type Word = Input extends infer T ? (T extends Input ? Omit<T, "atMs"> : never) : never;
type Act =
  | { readonly do: "press"; readonly pad: Pad; readonly button: string }
  /** A press that does not come through yet, one that does now, and one that is sent again. */
  | { readonly do: "hold"; readonly pad: Pad; readonly button: string }
  | { readonly do: "let go" }
  | { readonly do: "again" }
  | { readonly do: "pass"; readonly forMs: number }
  | { readonly do: "say"; readonly word: Word };

const pressed = fc.constantFrom(...(Object.keys(BUTTONS) as Pad[])).chain((pad) =>
  fc.record({
    do: fc.constantFrom("press" as const, "press" as const, "hold" as const),
    pad: fc.constant(pad),
    button: fc.constantFrom<string>(...BUTTONS[pad]),
  }),
);
const till = fc.constantFrom("till-1", "till-2", "till-3", "till-4");
const staff = fc.constantFrom("anna", "ruta");
const word: fc.Arbitrary<Word> = fc.oneof(
  fc.record({
    kind: fc.constant("transaction" as const),
    touchpoint: till,
    transaction: fc.constantFrom("1", "2", "3"),
    amount: fc.constantFrom(null, 5, 7.5),
    items: fc.constant(null),
  }),
  fc.record({
    kind: fc.constant("shift" as const),
    touchpoint: till,
    action: fc.constantFrom("start" as const, "end" as const),
    staff,
    source: fc.constant("api" as const),
  }),
  fc.record({
    kind: fc.constant("scan" as const),
    pad: fc.constantFrom("badge-reader", "card-reader"),
    code: fc.constantFrom("S-1", "S-2", "99000001", "99000002", "?"),
  }),
  fc.record({
    kind: fc.constant("service" as const),
    touchpoint: fc.constantFrom("till-3", "till-3", "till-1"),
    action: fc.constantFrom("open" as const, "close" as const),
    service: fc.constantFrom("a", "b"),
  }),
  fc.record({
    kind: fc.constant("activity" as const),
    touchpoint: fc.constantFrom("till-4", "till-1"),
    action: fc.constantFrom("start" as const, "end" as const),
    staff,
  }),
  fc.record({ kind: fc.constant("survey" as const), touchpoint: till, action: fc.constant("start" as const) }),
  fc.record({
    kind: fc.constant("survey" as const),
    touchpoint: fc.constant("till-2"),
    action: fc.constant("answer" as const),
    value: fc.integer({ min: 0, max: 11 }),
  }),
  fc.record({
    kind: fc.constant("alert" as const),
    action: fc.constantFrom("acknowledge" as const, "resolve" as const),
    by: fc.constant("manager"),
    via: fc.constant("http" as const),
  }),
);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: pressed },
  { weight: 2, arbitrary: fc.constantFrom({ do: "let go" } as const, { do: "again" } as const) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 400_000 }).map((forMs) => ({ do: "pass", forMs }) as const) },
  { weight: 8, arbitrary: word.map((said) => ({ do: "say", word: said }) as const) },
);
const acts = fc.array(act, { minLength: 1, maxLength: 50, size: "max" });
const restarts = fc.array(fc.tuple(fc.nat(49), fc.constantFrom("agent" as const, "machine" as const)), {
  minLength: 1,
  maxLength: 5,
});

/** @param instead what happens where the other run is started again: nothing, or the word by which its open window ends */
function live(all: readonly Act[], restartAt: ReadonlyMap<number, Restart>, instead: boolean) {
  let ms = 1_000_000;
  let offsetMs = Date.UTC(2026, 10, 24, 9) - ms;
  let boot = "b1";
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `id-${String(ids).padStart(6, "0")}`;
  };
  const moment = (): Moment => ({ ms, unixMs: ms + offsetMs, clock: "synced", boot, newId });
  let kept: Record<string, unknown> = {};
  const facts: { readonly unixMs: number; readonly fact: Fact }[] = [];
  const faults: string[] = [];
  const sent: PressInput[] = [];
  const held: PressInput[] = [];
  const counters: Record<string, number> = {};
  const open = new Map<string, string>();
  const take = ({ state: next, decision }: { state: EngineState; decision: Decision }): EngineState => {
    for (const fact of decision.facts) {
      facts.push({ unixMs: Math.round(fact.atMs + offsetMs), fact });
      if (fact.type !== "service") continue;
      if (fact.data.state === "opened") open.set(fact.touchpoint ?? "", fact.data.service);
      else open.delete(fact.touchpoint ?? "");
    }
    faults.push(...decision.dropped.map(({ code }) => code));
    keepInto(kept, decision.keep);
    return next;
  };
  let state = take(startEngine(settings, kept, moment()));
  const decide = (input: Input): void => {
    state = take(step(settings, state, input, moment()));
  };
  const turnOn = (how: Restart): void => {
    if (how === "machine") {
      for (const one of [...sent, ...held]) Object.assign(one, { atMs: one.atMs - ms + 60_000 });
      offsetMs += ms - 60_000;
      ms = 60_000;
      boot += "'";
    }
    // The journal gives back what it kept in the order of its keys.
    kept = Object.fromEntries(Object.entries(structuredClone(kept)).sort(([a], [b]) => (a < b ? -1 : 1)));
    state = take(startEngine(settings, kept, moment()));
  };
  all.forEach((one, i) => {
    const how = restartAt.get(i);
    if (how !== undefined && instead)
      for (const [touchpoint, service] of [...open].sort(([a], [b]) => (a < b ? -1 : 1)))
        decide({ kind: "service", touchpoint, action: "close", service, atMs: ms });
    if (how !== undefined && !instead) turnOn(how);
    switch (one.do) {
      case "press":
      case "hold": {
        const counter = counters[one.pad] ?? 0;
        counters[one.pad] = counter + 1;
        const ref = { port: `/dev/${one.pad}`, pad: one.pad, session: "s1", counter };
        const press = { kind: "press" as const, pad: one.pad, button: one.button, atMs: ms, ref };
        if (one.do === "hold") held.push(press);
        else {
          sent.push(press);
          decide(press);
        }
        break;
      }
      case "let go": {
        const press = held.shift();
        if (press === undefined) break;
        sent.push(press);
        decide(press);
        break;
      }
      case "again": {
        const last = sent.at(-1);
        if (last !== undefined) decide(last);
        break;
      }
      case "pass":
        for (const end = ms + one.forMs; ms < end; ) {
          ms = Math.min(end, ms + 20_000);
          decide({ kind: "tick", atMs: ms });
        }
        break;
      case "say":
        decide({ ...one.word, atMs: ms } as Input);
        break;
      default:
        one satisfies never;
    }
  });
  return { facts, faults, sent };
}

/** What was said, in another form than ids, which each run draws anew; what a restart may change is left out. */
function told({ facts }: ReturnType<typeof live>): unknown[] {
  const names = new Map<string, string>();
  const known = (id: string): string => {
    const name = names.get(id) ?? `#${names.size}`;
    names.set(id, name);
    return name;
  };
  return (
    facts
      // A part of a quarter-hour that was not told is lost, which is said by less coverage. The patience with a missing press
      // starts anew: its gap is told later, and `late` is what comes after that.
      .filter(({ fact }) => fact.type !== "coverage" && fact.type !== "gap")
      .map(({ unixMs, fact: { id, type, touchpoint, data } }) => {
        known(id);
        const plain = JSON.parse(JSON.stringify(data), (key, value: unknown) => {
          if (typeof value === "string" && value.startsWith("id-")) return known(value);
          // An attempt says that the agent ended in it, and a window is closed by the restart.
          if (key === "flags") return (value as string[]).filter((flag) => flag !== "restart" && flag !== "late");
          return key === "reason" && type === "service" && (value === "restart" || value === "said") ? "ended" : value;
        });
        return { unixMs, type, touchpoint, data: plain };
      })
  );
}

test("any prefix and a restart says what no restart says, windows closed and attempts flagged apart", () => {
  fc.assert(
    fc.property(acts, restarts, (all, at) => {
      const where = new Map<number, Restart>(at);
      const restarted = live(all, where, false);
      const straight = live(all, where, true);
      expect(told(restarted)).toEqual(told(straight));
      expect(restarted.faults).toEqual(straight.faults);
    }),
    { numRuns: 150 },
  );
});

test("no press is lost or doubled, over restarts too", () => {
  fc.assert(
    fc.property(acts, restarts, (all, at) => {
      const { facts, sent } = live(all, new Map<number, Restart>(at), false);
      for (const pad of ["p1-left", "p3"]) {
        const presses = facts.flatMap(({ fact }) => (fact.type === "press" && fact.data.pad === pad ? [fact] : []));
        expect(presses.map(({ data }) => data.button)).toEqual(
          sent.filter((one) => one.pad === pad).map(({ button }) => button),
        );
        expect(new Set(presses.map(({ id }) => id)).size).toBe(presses.length);
      }
    }),
    { numRuns: 100 },
  );
});

test("the same inputs are the same events to the last id", () => {
  fc.assert(
    fc.property(acts, (all) => {
      expect(live(JSON.parse(JSON.stringify(all)), new Map(), false).facts).toEqual(live(all, new Map(), false).facts);
    }),
    { numRuns: 50 },
  );
});

test.each(["agent", "machine"] as const)(
  "a press that was on its way is waited for anew after a restart: %s",
  (how) => {
    const press = { do: "press", pad: "p1-left", button: "4" } as const;
    const begun: Act[] = [press, { ...press, do: "hold" }, press, { do: "pass", forMs: 50_000 }];
    const gaps = ({ facts }: ReturnType<typeof live>) => facts.filter(({ fact }) => fact.type === "gap").length;
    const restarted = new Map<number, Restart>([[4, how]]);
    const came = live([...begun, { do: "pass", forMs: 40_000 }, { do: "let go" }], restarted, false);
    expect(gaps(came)).toBe(0);
    expect(came.facts.filter(({ fact }) => fact.type === "press").map(({ fact }) => fact.data)).toMatchObject([
      { flags: [] },
      { flags: [] },
      { flags: [] },
    ]);
    expect(gaps(live([...begun, { do: "pass", forMs: 60_000 }], restarted, false))).toBe(1);
  },
);

test("a restart is said where it is said by design: windows are closed by it, and an attempt that went on is flagged", () => {
  const open = { kind: "service", touchpoint: "till-3", action: "open", service: "a" } as const;
  const begun: Act[] = [
    { do: "say", word: open },
    { do: "press", pad: "p3", button: "5" },
    { do: "press", pad: "p4", button: "begin" },
    { do: "press", pad: "p3", button: "1" },
    { do: "press", pad: "p4", button: "sold" },
  ];
  const facts = live(begun, new Map([[3, "agent"]]), false).facts.map(({ fact }) => fact);
  const [rated, stray] = facts.filter(({ type }) => type === "press");
  expect(facts.find(({ type, data }) => type === "service" && "presses" in data)?.data).toMatchObject({
    reason: "restart",
    presses: [rated?.id],
  });
  expect(stray?.data).toMatchObject({ flags: ["unattended"] });
  expect(facts.find(({ type }) => type === "activity")?.data).toMatchObject({ flags: ["restart"], outcome: "sale" });
});
