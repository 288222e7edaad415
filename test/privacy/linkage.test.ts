// Nobody's expression can be joined to a staff member, a shift, a sale, a customer or one contact: tried on what leaves.
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Config } from "../../src/config/schema.ts";
import { liveDay } from "../../src/simulate/live.ts";
import { type Plan, planDay } from "../../src/simulate/plan.ts";
import { seededRandom } from "../../src/simulate/random.ts";
import { STANDS_AT, shopConfig, type Till } from "../../src/simulate/shop.ts";
import {
  EVENT_DATA,
  type EventData,
  type EventType,
  EXPRESSIONS,
  SEXES,
  type Stamped,
} from "../../src/words/events.ts";
import type { FaceSeen, PersonSeen } from "../../src/words/inputs.ts";
import { FEELINGS } from "../../src/words/rollups.ts";
import { CHECKOUT, createDay, face } from "../touchpoint/day.ts";

const K = 5;
/** Names of fields that say, or are reckoned from, what a face showed: an expression, age or sex. */
const EXPRESSED = new Set<string>([
  ...EXPRESSIONS,
  ...FEELINGS,
  ...SEXES,
  "ages",
  "sexes",
  "expression",
  "expressions",
  "valence",
  "smile",
  "cells",
]);
/** Names of fields that point at somebody, or at one thing that somebody did. */
const POINTING =
  /^(staff|shift|transaction|customer|formerly|service|ticket|scan|contact|press|presses|answer|answers|run|track|person|activity|callback|alert|follows|by|pad|code)$/;

const isExpressed = (data: unknown): boolean => namesIn(data).some((name) => EXPRESSED.has(name));
const pointers = (data: unknown): string[] => namesIn(data).filter((name) => POINTING.test(name));

/** Every name of a field, however deep. */
function namesIn(data: unknown): string[] {
  if (typeof data !== "object" || data === null) return [];
  return Object.entries(data).flatMap(([name, value]) => [...(Array.isArray(data) ? [] : [name]), ...namesIn(value)]);
}

describe("by the schemas", () => {
  /** Names of fields and of what they may hold. */
  const wordsOf = (type: EventType): string[] => {
    const said = JSON.stringify(z.toJSONSchema(EVENT_DATA[type]), (name, value) =>
      name === "description" ? undefined : value,
    );
    return [...said.matchAll(/"([a-zA-Z-]+)"/g)].map(([, word]) => word ?? "");
  };

  test("only moods and rollups can carry what a face showed", () => {
    const carrying = (Object.keys(EVENT_DATA) as EventType[]).filter((type) =>
      wordsOf(type).some((word) => EXPRESSED.has(word)),
    );
    expect(carrying).toEqual(["mood", "rollup"]);
    expect(wordsOf("rollup").filter((word) => ["ages", "sexes", ...SEXES].includes(word))).toEqual([]);
  });

  test("a mood has no field for anybody", () => {
    expect(Object.keys(EVENT_DATA.mood.shape).filter((name) => POINTING.test(name))).toEqual([]);
  });
});

/** A visitor's face, in the upper part of their body. */
function faceOf({ box: [x, y, width] }: PersonSeen, smile: number): FaceSeen {
  const expression = { happiness: smile, sadness: 1 - smile };
  const sexes = { female: smile, male: 1 - smile };
  const ages = { "0-59": smile, "60+": 1 - smile };
  return { box: [x + width / 2 - 0.015, y, 0.03, 0.05], score: 0.9, expression, ages, sexes };
}

/** All who come here look alike, so that a table would tell it of each of them. */
const ALIKE = "till-1";

/** The planned day with faces on its people: each visitor looks pleased or not, whatever they press; of one till all alike. */
function withFaces(plan: Plan): { plan: Plan; visitors: Record<string, { fromMs: number; toMs: number }[]> } {
  const random = seededRandom(plan.seed);
  const stays: Record<string, { fromMs: number; toMs: number; smiles: number[] }[]> = {};
  const inputs = plan.inputs.map(({ atMs, input }) => {
    if (input.kind !== "seen") return { atMs, input };
    const faces = Object.keys(STANDS_AT).flatMap((till) => {
      const x = STANDS_AT[till as Till] ?? 0;
      const here = input.persons.filter(({ box }) => Math.abs(box[0] + 0.1 - x) < 0.2);
      if (here.length === 0) return [];
      stays[till] ??= [];
      let stay = stays[till].at(-1);
      if (stay === undefined || atMs - stay.toMs > 4_000) {
        stay = { fromMs: atMs, toMs: atMs, smiles: [] };
        stays[till].push(stay);
      }
      stay.toMs = atMs;
      const { smiles } = stay;
      while (smiles.length < here.length) smiles.push(till !== ALIKE && random() < 0.5 ? 0.9 : 0.1);
      return here.map((person, i) => faceOf(person, smiles[i] ?? 0));
    });
    return { atMs, input: { ...input, faces } };
  });
  // A moment of the next day, so that the day's tables are told.
  const toMs = plan.span.toMs + 7_200_000;
  const late = { atMs: toMs - 1, input: { kind: "tick", atMs: toMs - 1 } as const };
  const visitors = Object.fromEntries(
    Object.entries(stays).map(([till, all]) => [till, all.flatMap((stay) => stay.smiles.map(() => stay))]),
  );
  return { plan: { ...plan, inputs: [...inputs, late], span: { ...plan.span, toMs } }, visitors };
}

describe("on a simulated day with staff, shifts, sales, customers, expressions, age and sex", () => {
  const { plan, visitors } = withFaces(planDay({ seed: 6, date: "2026-11-24", customers: 1_500 }));
  const { local, fleet, version } = shopConfig();
  const emotion = { purpose: "a test of this very thing", controller: "the test", notice: "none" };
  const config = Config.parse({
    version,
    local: {
      ...local,
      vision: { demographics: "our-own" },
      privacy: { emotion, demographics: emotion },
    },
    fleet: { ...fleet, mood: { k: K, intervalS: 900 } },
  });
  const events: Stamped[] = liveDay(plan, config).flatMap(({ events: said }) => said);
  const of = <T extends EventType>(type: T) =>
    events.filter((event) => event.type === type).map((event) => ({ ...event, data: event.data as EventData[T] }));
  const told = of("mood").filter(({ data }) => !data.suppressed);
  const tables = of("rollup").filter(({ data }) => data.cells !== undefined);

  test("the day has all that could be joined", () => {
    expect(told.length).toBeGreaterThan(10);
    for (const { data } of told) for (const key of ["expressions", "ages", "sexes"]) expect(data).toHaveProperty(key);
    expect(tables.length).toBeGreaterThan(0);
    expect(told.map(({ touchpoint }) => touchpoint)).toContain(ALIKE);
    const pointing = new Set(events.flatMap(({ data }) => pointers(data)));
    for (const name of ["staff", "shift", "transaction", "customer", "service", "presses"])
      expect(pointing).toContain(name);
  });

  test("no event carries an expression beside anything that points at somebody", () => {
    const both = events.filter(({ data }) => isExpressed(data) && pointers(data).length > 0);
    expect(both).toEqual([]);
    expect([...new Set(events.filter(({ data }) => isExpressed(data)).map(({ type }) => type))].toSorted()).toEqual([
      "mood",
      "rollup",
    ]);
  });

  test("whoever lays moods beside contacts finds k of them under each, and there were k people in truth", () => {
    const contacts = of("contact");
    const unixMs = (atMs: number): number => plan.bootUnixMs + atMs;
    for (const { touchpoint = "", data } of told) {
      const [fromMs, toMs] = [Date.parse(data.start), Date.parse(data.end)];
      const under = contacts.filter(
        (one) =>
          one.touchpoint === touchpoint && Date.parse(one.data.start) < toMs && Date.parse(one.data.end) > fromMs,
      );
      expect(under.reduce((sum, one) => sum + one.data.people, 0)).toBeGreaterThanOrEqual(K);
      const there = visitors[touchpoint]?.filter((one) => unixMs(one.fromMs) < toMs && unixMs(one.toMs) > fromMs) ?? [];
      expect(data.people).toBeLessThanOrEqual(there.length);
      expect(there.length).toBeGreaterThanOrEqual(K);
    }
  });

  test("no moods overlap, so none is the difference of two", () => {
    // By the clock that nobody sets: the day's other one is stepped.
    const spans = of("mood").map(({ touchpoint, mono, data }) => {
      const lengthMs = Date.parse(data.end) - Date.parse(data.start);
      return { touchpoint, fromMs: mono - lengthMs, toMs: mono };
    });
    expect(spans.length).toBeGreaterThan(50);
    for (const one of spans)
      for (const other of spans)
        if (one !== other && one.touchpoint === other.touchpoint)
          expect(one.toMs <= other.fromMs + 1 || other.toMs <= one.fromMs + 1).toBe(true);
  });

  test("a table is told once, so no two revs differ by one; each rating has two feelings, each of k people", () => {
    expect(new Set(tables.map(({ data }) => data.key)).size).toBe(tables.length);
    for (const { data } of tables) {
      expect([data.rev, data.window]).toEqual([1, "day"]);
      for (const feelings of Object.values(data.cells ?? {})) {
        expect(Object.keys(feelings).length).toBeGreaterThanOrEqual(2);
        for (const count of Object.values(feelings)) expect(count).toBeGreaterThanOrEqual(K);
      }
    }
  });

  test("whoever knows what a contact pressed cannot say how it looked: the join leaves more than one feeling", () => {
    const pressed = new Map(of("press").map(({ id, data }) => [id, data]));
    let tried = 0;
    for (const { touchpoint, data } of of("contact"))
      for (const press of data.presses) {
        const { question, value } = pressed.get(press) ?? {};
        const table = tables.find(
          (one) =>
            one.touchpoint === touchpoint &&
            one.data.key.includes(` ${question}@`) &&
            `${value}` in (one.data.cells ?? {}),
        );
        if (table === undefined) continue;
        tried += 1;
        expect(Object.keys(table.data.cells?.[`${value}`] ?? {}).length).toBeGreaterThan(1);
      }
    expect(tried).toBeGreaterThan(50);
  });
});

test("whoever subtracts the mood of a zone from that of a larger one around it gets nobody", () => {
  const left = {
    ...CHECKOUT.zone,
    camera: "door",
    polygon: [
      [0, 0],
      [0.7, 0],
      [0.7, 1],
      [0, 1],
    ] as [number, number][],
  };
  const hall = { id: "hall", zone: { ...CHECKOUT.zone, camera: "door" } };
  for (const touchpoints of [
    [{ ...CHECKOUT, zone: left }, hall],
    [hall, { ...CHECKOUT, zone: left }],
  ]) {
    const day = createDay(touchpoints, { intervalMs: 20_000, k: K });
    const inBoth = [0.0, 0.12, 0.24, 0.36, 0.48].map((x) => face(0.2, x));
    // The one who is in the larger only, and whose smile the difference would be.
    day.watch(20_200, [...inBoth, face(1, 0.85)]);
    const sums = day
      .of("mood")
      .map(({ data }) => ({ people: data.people, sum: (data.smile ?? Number.NaN) * data.people }));
    const [a, b] = sums;
    expect(sums).toHaveLength(2);
    const alone = Math.abs((a?.sum ?? 0) - (b?.sum ?? 0)) / Math.abs((a?.people ?? 0) - (b?.people ?? 0));
    expect(alone).toBeNaN();
  }
});

test("whoever watches the moods of a day of few people learns nothing, however they come and go", () => {
  const random = seededRandom(11);
  const day = createDay([CHECKOUT], { intervalMs: 60_000, k: K });
  // Never more than four people in a minute, each seen in pieces and twice at times.
  for (let minute = 0; minute < 5; minute += 1) {
    for (let person = 0; person < 4; person += 1)
      for (let piece = 0; piece < 4; piece += 1) {
        const x = 0.1 + 0.6 * random();
        day.watch(1_500, random() < 0.3 ? [face(1, x), face(1, x + 0.15)] : [face(1, x)]);
        day.watch(random() < 0.5 ? 300 : 1_900, []);
      }
    day.watch(60_000 - ((day.nowMs() - 1_000_000) % 60_000), []);
  }
  expect(day.of("mood").length).toBeGreaterThan(3);
  expect(day.of("mood").filter(({ data }) => !data.suppressed)).toEqual([]);
});
