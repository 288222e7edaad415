// The debounce core: every generated finger gives exactly its presses, whatever the contact's bounce and the delivery.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CALM_MS,
  type Contact,
  type ContactEvent,
  contactAt,
  type DebounceSettings,
  dueMs,
  MOST_PRESSES_PER_S,
  onEdge,
  onTick,
} from "../../src/buttons/debounce.ts";

const settings: DebounceSettings = { debounceMs: 20, stuckMs: 30_000 };

interface Edge {
  readonly level: boolean;
  readonly atMs: number;
}

/** Feeds edges; with `prompt` every tick that is due comes before the next edge, as timers would bring it. */
function feed(edges: readonly Edge[], untilMs: number, prompt: boolean, use = settings, held = false): ContactEvent[] {
  let contact: Contact = contactAt(held, 0);
  const events: ContactEvent[] = [];
  const tick = (beforeMs: number): void => {
    for (let due = dueMs(contact, use); due !== undefined && due < beforeMs; due = dueMs(contact, use)) {
      const step = onTick(contact, use, due);
      // Otherwise this would never end.
      expect(dueMs(step.contact, use)).not.toBe(due);
      contact = step.contact;
      events.push(...step.events);
    }
  };
  for (const edge of edges) {
    if (prompt) tick(edge.atMs);
    const step = onEdge(contact, use, edge.level, edge.atMs);
    contact = step.contact;
    events.push(...step.events);
  }
  tick(untilMs);
  return events;
}

/** Bounce after a change to `level`: gaps shorter than the stable level, ending at `level`. */
function burst(atMs: number, level: boolean, gaps: readonly number[]): Edge[] {
  const edges: Edge[] = [{ level, atMs }];
  let at = atMs;
  for (const gap of gaps) {
    edges.push({ level: !level, atMs: at + gap / 2 }, { level, atMs: at + gap });
    at += gap;
  }
  return edges;
}

const gaps = fc.array(fc.double({ min: 0.1, max: 9, noNaN: true }), { maxLength: 12 });
const presses = fc.array(
  fc.record({
    down: gaps,
    up: gaps,
    holdMs: fc.double({ min: 150, max: 2_000, noNaN: true }),
    restMs: fc.double({ min: 150, max: 2_000, noNaN: true }),
  }),
  { maxLength: 15 },
);

function fingers(list: readonly { down: number[]; up: number[]; holdMs: number; restMs: number }[]) {
  const edges: Edge[] = [];
  const downs: number[] = [];
  let at = 100;
  for (const { down, up, holdMs, restMs } of list) {
    downs.push(at);
    edges.push(...burst(at, true, down), ...burst(at + holdMs, false, up));
    at += holdMs + restMs;
  }
  return { edges, downs, endMs: at + 10_000 };
}

describe("stable-level debounce", () => {
  test("gives exactly the presses of the finger, at the time of their first edge", () => {
    fc.assert(
      fc.property(presses, fc.boolean(), (list, prompt) => {
        const { edges, downs, endMs } = fingers(list);
        const events = feed(edges, endMs, prompt);
        expect(events.filter(({ kind }) => kind === "pressed").map(({ atMs }) => atMs)).toEqual(downs);
        expect(events.filter(({ kind }) => kind === "released")).toHaveLength(downs.length);
        expect(events.filter(({ kind }) => kind !== "pressed" && kind !== "released")).toEqual([]);
      }),
    );
  });

  test("says the same whether edges come at once or late and together", () => {
    fc.assert(
      fc.property(presses, (list) => {
        const { edges, endMs } = fingers(list);
        expect(feed(edges, endMs, false)).toEqual(feed(edges, endMs, true));
      }),
    );
  });

  test("a glitch shorter than the stable level says nothing, in either rest position", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 19.9, noNaN: true }), fc.boolean(), (width, held) => {
        const edges = [
          { level: !held, atMs: 1_000 },
          { level: held, atMs: 1_000 + width },
        ];
        const kinds = feed(edges, 5_000, true, settings, held).map(({ kind }) => kind);
        expect(kinds).toEqual([]);
      }),
    );
  });

  test("an edge to the level that already was is a spike the kernel read too late: no press", () => {
    // As gpio-sim under libgpiod 1.6 really printed it: a lone falling edge of a line at rest.
    expect(feed([{ level: false, atMs: 1_000 }], 5_000, true)).toEqual([]);
  });

  test("a tick at the time that is due always says it, wherever the sum of two times was rounded", () => {
    // 5430.096262120432 + 5000 - 5430.096262120432 is less than 5000: compared like that, such a tick said nothing, for ever.
    const sinceMs = 5430.096262120432;
    const use = { debounceMs: 20, stuckMs: 5_000 };
    expect(feed([{ level: true, atMs: sinceMs }], 1e6, true, use)).toEqual([
      { kind: "pressed", atMs: sinceMs },
      { kind: "stuck", atMs: sinceMs + 5_000 },
    ]);
    const time = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(time, fc.integer({ min: 1, max: 60_000 }), (atMs, stuckMs) => {
        for (const contact of [contactAt(true, atMs), { ...contactAt(false, atMs), chatter: true }])
          expect(onTick(contact, { ...use, stuckMs }, dueMs(contact, { ...use, stuckMs }) ?? 0).events).toHaveLength(1);
      }),
    );
  });

  test("any edges at any times: pressed and released take turns, times never go back, and nothing throws", () => {
    const edge = fc.record({ level: fc.boolean(), atMs: fc.double({ min: -100, max: 60_000, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 200 }), fc.boolean(), fc.constantFrom(0, 1, 20), (edges, prompt, ms) => {
        const use = { debounceMs: ms, stuckMs: 5_000 };
        const events = feed(edges, 1e6, prompt, use);
        let down = false;
        for (const { kind } of events) {
          if (kind === "pressed") expect(down).toBe(false);
          if (kind === "pressed") down = true;
          if (kind === "released") down = false;
        }
        const conditions = events.filter(({ kind }) => kind === "stuck" || kind === "chatter" || kind === "ok");
        for (const [i, { kind }] of conditions.entries())
          if (kind === "ok") expect(["stuck", "chatter"]).toContain(conditions[i - 1]?.kind);
      }),
    );
  });
});

describe("stuck", () => {
  test("is said once, at its time, and ok comes with the release", () => {
    const edges = [
      { level: true, atMs: 1_000 },
      { level: false, atMs: 90_000 },
    ];
    expect(feed(edges, 200_000, true)).toEqual([
      { kind: "pressed", atMs: 1_000 },
      { kind: "stuck", atMs: 31_000 },
      { kind: "released", atMs: 90_000 },
      { kind: "ok", atMs: 90_000 },
    ]);
  });

  test("a button held at the start is no press, but is stuck in time", () => {
    expect(feed([], 100_000, true, settings, true)).toEqual([{ kind: "stuck", atMs: 30_000 }]);
  });

  test("a release missed between the first reading and the watching costs no press", () => {
    const events = feed([{ level: true, atMs: 500 }], 1_000, true, settings, true);
    expect(events).toEqual([{ kind: "pressed", atMs: 500 }]);
  });
});

describe("chatter", () => {
  test("a burst that does not settle is chatter; one press when it does; ok after calm", () => {
    const edges: Edge[] = [];
    for (let at = 1_000; at <= 2_000; at += 5) edges.push({ level: (at / 5) % 2 === 0, atMs: at });
    const events = feed(edges, 20_000, true);
    expect(events).toEqual([
      { kind: "chatter", atMs: 1_270 },
      { kind: "pressed", atMs: 1_000 },
      { kind: "ok", atMs: 2_000 + CALM_MS },
    ]);
  });

  test("more presses than a hand can make are withheld and said to be chatter", () => {
    const edges: Edge[] = [];
    for (let i = 0; i < 200; i += 1)
      edges.push({ level: true, atMs: 1_000 + i * 50 }, { level: false, atMs: 1_025 + i * 50 });
    const events = feed(edges, 60_000, true);
    expect(events.filter(({ kind }) => kind === "pressed")).toHaveLength(MOST_PRESSES_PER_S);
    expect(events.filter(({ kind }) => kind === "chatter")).toHaveLength(1);
    expect(events.at(-1)?.kind).toBe("ok");
  });

  test("ten presses a second by an eager child are ten presses", () => {
    const edges: Edge[] = [];
    for (let i = 0; i < 50; i += 1)
      edges.push({ level: true, atMs: 1_000 + i * 100 }, { level: false, atMs: 1_050 + i * 100 });
    const events = feed(edges, 60_000, true);
    expect(events.filter(({ kind }) => kind === "pressed")).toHaveLength(50);
    expect(events.some(({ kind }) => kind === "chatter")).toBe(false);
  });
});
