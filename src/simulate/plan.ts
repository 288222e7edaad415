// A day as a plan: every input in the order in which it reaches the agent, and the truth of it.
import type { Input, PersonSeen } from "../words/inputs.ts";
import { comeAndGo } from "./crowd.ts";
import { type DayOptions, inOrder, MIDNIGHT_MS, Script, type Standing, type Stretch, type Timed } from "./script.ts";
import { CAMERA, STANDS_AT, TILLS, type Till } from "./shop.ts";
import { work } from "./staff.ts";
import { goWrong } from "./trouble.ts";
import type { Truth } from "./truth.ts";

/** The agent starts so long after midnight and stops so long before the next one, milliseconds. */
const AWAY_MS = 30_000;
const LIVE_AFTER_MS = 1_000;
/** While customers are there, and at night, when nothing moves, milliseconds. */
const FRAMES_MS = { day: 500, night: 60_000 } as const;
const TICKS_MS = { day: 1_000, night: 60_000 } as const;
/** The part of the day with frames and ticks close together, on the shop's own clock. */
const BUSY_DAY = ["07:40", "20:20"] as const;

export interface Plan {
  readonly inputs: readonly Timed[];
  readonly truth: Truth;
  /** The agent's start and stop, boottime milliseconds. */
  readonly span: Stretch;
  /** UTC of local midnight, the day's beginning, and of the next one, milliseconds. */
  readonly day: Stretch;
  /** True UTC of the machine's boottime 0, milliseconds. */
  readonly bootUnixMs: number;
  readonly seed: number;
}

/** Writes a day; the same options write the same day. */
export function planDay(options: DayOptions): Plan {
  const script = new Script(options);
  const nextMs = script.nextMidnightMs();
  const span = { fromMs: MIDNIGHT_MS + AWAY_MS, toMs: nextMs - AWAY_MS };
  work(script);
  goWrong(script);
  comeAndGo(script);
  const liveMs = span.fromMs + LIVE_AFTER_MS;
  script.say({ kind: "camera", camera: CAMERA, live: true, atMs: liveMs });
  const coveredMs = script.covered.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  for (const till of TILLS) {
    script.truth[till].runningMs = span.toMs - span.fromMs;
    if (STANDS_AT[till] !== undefined) script.truth[till].cameraMs = span.toMs - liveMs - coveredMs;
  }
  return {
    // A frame is seen before a tick of the same moment, and both before what people do.
    inputs: inOrder([...frames(script, liveMs, span.toMs), ...ticks(script, span), ...script.inputs()]),
    truth: script.truth,
    span,
    day: { fromMs: script.unixMs(MIDNIGHT_MS), toMs: script.unixMs(nextMs) },
    bootUnixMs: script.unixMs(0),
    seed: options.seed,
  };
}

/** Times from one moment to another, close together by day and far apart at night. */
function* times(script: Script, { fromMs, toMs }: Stretch, every: { day: number; night: number }): Generator<number> {
  const [dayMs, nightMs] = BUSY_DAY.map((time) => script.at(time)) as [number, number];
  for (let atMs = fromMs; atMs < toMs; ) {
    const isDay = atMs >= dayMs && atMs < nightMs;
    yield atMs;
    const nextMs = atMs + (isDay ? every.day : every.night);
    atMs = !isDay && atMs < dayMs ? Math.min(nextMs, dayMs) : nextMs;
  }
}

function ticks(script: Script, span: Stretch): Timed[] {
  return [...times(script, span, TICKS_MS)].map((atMs) => ({ atMs, input: { kind: "tick", atMs } satisfies Input }));
}

function frames(script: Script, fromMs: number, toMs: number): Timed[] {
  const there = TILLS.flatMap((till) => {
    const x = STANDS_AT[till];
    return x === undefined ? [] : [{ x, standing: walk(script, till) }];
  });
  const all: Timed[] = [];
  for (const atMs of times(script, { fromMs, toMs }, FRAMES_MS)) {
    if (script.isCovered(atMs)) continue;
    const persons = there.flatMap(({ x, standing }) => Array.from({ length: standing(atMs) }, (_, i) => person(x, i)));
    all.push({ atMs, input: { kind: "seen", camera: CAMERA, atMs, faces: [], persons } });
  }
  return all;
}

/** How many stand at a till; asked in the order of time. */
function walk(script: Script, till: Till): (atMs: number) => number {
  const standing: Standing[] = [...script.standing[till]].sort((a, b) => a.fromMs - b.fromMs);
  let next = 0;
  return (atMs) => {
    while ((standing[next]?.toMs ?? Number.POSITIVE_INFINITY) <= atMs) next += 1;
    const present = standing[next];
    return present !== undefined && present.fromMs <= atMs ? present.people : 0;
  };
}

/** Beside one another, around the middle of the zone. */
function person(x: number, i: number): PersonSeen {
  return { box: [x - 0.1 + i * 0.05, 0.3, 0.1, 0.5], score: 0.9 };
}
