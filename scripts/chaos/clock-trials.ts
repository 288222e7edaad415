// Clocks that lie: none since boot, ten years ahead, a day back in mid-run, daylight saving, certificates of tomorrow.
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { createBoottime } from "../../src/clock/clock.ts";
import { openReader } from "../../src/journal/read.ts";
import { seededRandom } from "../../src/simulate/random.ts";
import { pause } from "../../src/supervise/backoff.ts";
import type { Envelope } from "../../src/words/events.ts";
import { type CertificateFiles, makeAuthority } from "../../test/fakes/certificates.ts";
import { freePort, startMosquitto } from "../../test/fakes/mosquitto.ts";
import { until } from "../../test/fakes/until.ts";
import type { LogLine } from "../trials/agent-process.ts";
import { countersOf } from "../trials/press-stream.ts";
import { journalFile, ROOT } from "../trials/settings.ts";
import { firstArrivals, type Subscriber, startSubscriber } from "../trials/subscriber.ts";
import { judgeArrivals } from "./arrivals.ts";
import { judgeTimes } from "./event-times.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { type Link, startLink } from "./link.ts";
import { type ChaosTill, createTill, withEnding } from "./till.ts";
import { mustBe, type Outcome, type TrialContext } from "./trial.ts";

const WITHIN_MS = 60_000;
const DAY_MS = 86_400_000;
/** How long somebody presses between two happenings, milliseconds. */
const PRESSING_MS = 700;

const forever = new AbortController().signal;

/** No clock chip: 1970 at the start, a restart meanwhile, an outage over the moment when time arrives. */
export async function noClock(context: TrialContext): Promise<Outcome> {
  return await withClock(context, { aheadMs: sinceEpoch(), synced: false }, async (lab) => {
    const { till, clock, link } = lab;
    await till.start({ env: clock.env });
    await lab.press();
    await lab.delivered();
    await till.agent.end("SIGKILL");
    await till.start({ env: clock.env });
    link.set({ refuse: true });
    link.cut();
    await lab.press();
    clock.set(0);
    clock.say(true);
    await till.agent.heard(isClock("ok"), "time arrived", 0, WITHIN_MS);
    await lab.press();
    link.set({ refuse: false });
    const counts = await lab.judge();
    const wrong = [...mustBe({ ...FINE, "clock events": 1 }, counts), ...mustBeSome(counts, "corrected", "repaired")];
    return { did: "booted in 1970, restarted, cut off, and set right", counts, wrong };
  });
}

/** Somebody sets the clock ten years ahead, and later the time client sets it right. */
export function tenYearsAhead(context: TrialContext): Promise<Outcome> {
  return steppedInMidRun(context, 3_652 * DAY_MS, "set ten years ahead in mid-run, and right again");
}

/** Somebody sets the clock back by a day, and later the time client sets it right. */
export function oneDayBack(context: TrialContext): Promise<Outcome> {
  return steppedInMidRun(context, -DAY_MS, "set back by a day in mid-run, and right again");
}

async function steppedInMidRun(context: TrialContext, byMs: number, did: string): Promise<Outcome> {
  return await withClock(context, { aheadMs: 0, synced: true }, async (lab) => {
    const { till, clock, link } = lab;
    await till.start({ env: clock.env });
    await lab.press();
    clock.say(false);
    clock.set(byMs);
    await till.agent.heard(isClock("degraded"), "the step was noticed", 0, WITHIN_MS);
    await lab.press();
    await lab.delivered();
    // The agent that starts in the middle of it knows better than the clock, too.
    await till.agent.end("SIGKILL");
    await till.start({ env: clock.env });
    await lab.press();
    await lab.delivered();
    link.set({ refuse: true });
    link.cut();
    await lab.press();
    clock.set(0);
    clock.say(true);
    await till.agent.heard(isClock("ok"), "time was confirmed", 0, WITHIN_MS);
    link.set({ refuse: false });
    const counts = await lab.judge();
    const wrong = [
      ...mustBe({ ...FINE, "clock events": 1, "wrong before repair": 0 }, counts),
      ...mustBeSome(counts, "synced", "corrected", "repaired"),
    ];
    return { did, counts, wrong };
  });
}

/** Both changes of the year, north and south: the local clock jumps and the agent's time does not. */
const CHANGES: [zone: string, at: string][] = [
  ["Europe/Vilnius", "2026-03-29T01:00:00.000Z"],
  ["Europe/Vilnius", "2026-10-25T01:00:00.000Z"],
  ["Australia/Sydney", "2026-04-04T16:00:00.000Z"],
  ["Australia/Sydney", "2026-10-03T16:00:00.000Z"],
];

export async function daylightSaving(context: TrialContext): Promise<Outcome> {
  const counts: Record<string, number> = {};
  const wrong: string[] = [];
  const changes = CHANGES.slice(0, context.count(CHANGES.length, 1));
  for (const [i, [timezone, at]] of changes.entries()) {
    context.progress(`${timezone} ${at}`);
    const folder = join(context.folder, `${i}`);
    const one = await withClock({ ...context, folder }, { aheadMs: 0, synced: true, timezone }, async (lab) => {
      const { aheadMs, changeMs } = await startBefore(lab, Date.parse(at), timezone);
      await lab.press();
      while (Date.now() < changeMs) await pause(100, forever);
      await lab.press();
      await lab.delivered();
      const times = lab.subscriber.arrived.filter(isPress).map(({ time }) => time);
      const over = times.some((time) => time < at) && times.some((time) => time > at);
      return {
        did: "",
        counts: await lab.judge(aheadMs),
        wrong: over ? [] : ["nobody pressed before and after the change: nothing was tried"],
      };
    });
    wrong.push(...one.wrong);
    for (const [name, value] of Object.entries(one.counts))
      counts[name] =
        name === "worst ms" ? Math.max(counts[name] ?? 0, Number(value)) : (counts[name] ?? 0) + Number(value);
    const nothing = { ...FINE, repaired: 0, corrected: 0, "wrong before repair": 0 };
    wrong.push(...mustBe({ ...nothing, "clock events": 0 }, one.counts).map((what) => `${timezone} ${at}: ${what}`));
  }
  return { did: `pressed over ${changes.length} changes of daylight saving, north and south`, counts, wrong };
}

/** Starts an agent whose clock comes to `at` soon after it serves; again with more time where it came too late. */
async function startBefore({ till, clock, folder }: Lab, at: number, timezone: string) {
  for (let marginMs = 8_000; ; marginMs *= 3) {
    const aheadMs = at - marginMs - Date.now();
    const changeMs = at - aheadMs;
    clock.set(aheadMs);
    await till.start({ env: { ...clock.env, TZ: timezone } });
    if (Date.now() < changeMs - 3 * PRESSING_MS) return { aheadMs, changeMs };
    await till.agent.end("SIGKILL");
    rmSync(dirname(journalFile(folder)), { recursive: true });
  }
}

/** The broker's certificate is of today, the device's clock of 1970: no connection, no loop, and at once when time comes. */
export async function notYetValid(context: TrialContext): Promise<Outcome> {
  const { folder } = context;
  const authority = makeAuthority(join(folder, "ca"));
  const tls = { ca: authority.ca, ...authority.issue("server") };
  return await withClock(context, { aheadMs: sinceEpoch(), synced: false, tls }, async (lab) => {
    const { till, clock, link } = lab;
    await till.start({ env: clock.env });
    const told = await till.agent.heard(
      ({ stage, state }) => stage === "uplink" && state === "degraded",
      "the broker is not trusted",
      0,
      WITHIN_MS,
    );
    const fromMs = performance.now();
    const asked = link.asked;
    for (let i = 0; i < 8; i += 1) await lab.press();
    const attempts = link.asked - asked;
    const perMinute = Math.round((attempts / (performance.now() - fromMs)) * 60_000);
    clock.set(0);
    clock.say(true);
    const setMs = performance.now();
    const isUp = ({ stage, state }: LogLine): boolean => stage === "uplink" && state === "ok";
    await till.agent.heard(isUp, "the broker is trusted", 0, WITHIN_MS);
    const upMs = Math.round(performance.now() - setMs);
    const counts = { "attempts per minute": perMinute, "connected after ms": upMs, ...(await lab.judge()) };
    const explained = /clock/.test(`${told.message ?? ""}`);
    return {
      did: "a certificate not valid yet by a clock of 1970, then the clock set right",
      counts,
      wrong: [
        ...mustBe(FINE, counts),
        ...(explained ? [] : [`it was not explained as a fault of the clock: ${told.message}`]),
        ...(perMinute > 60 ? [`${perMinute} attempts per minute are a loop`] : []),
      ],
    };
  });
}

const FINE = { lost: 0, twice: 0, clashes: 0, holes: 0, unsynced: 0, "wrong times": 0, disordered: 0 };

function mustBeSome(counts: Readonly<Record<string, number | string>>, ...names: string[]): string[] {
  return names.filter((name) => !(Number(counts[name]) > 0)).map((name) => `nothing was ${name}: nothing was tried`);
}

/** How far behind the truth a clock is that begins in 1970, milliseconds. */
function sinceEpoch(): number {
  return 100_000 - Date.now();
}

function isClock(state: string): (line: LogLine) => boolean {
  return (line) => line.stage === "clock" && line.state === state;
}

interface Lab {
  readonly folder: string;
  readonly till: ChaosTill;
  readonly clock: FakeClock;
  readonly link: Link;
  readonly subscriber: Subscriber;
  /** Presses for a while, until everything is acknowledged. */
  press(): Promise<void>;
  /** Resolves when every press that was acknowledged is at the broker. */
  delivered(): Promise<void>;
  /** Ends the agent in order and judges all that arrived. @param aheadMs how far the clock is meant to be ahead */
  judge(aheadMs?: number): Promise<Record<string, number>>;
}

interface Start {
  readonly aheadMs: number;
  readonly synced: boolean;
  readonly timezone?: string;
  readonly tls?: { readonly ca: string } & CertificateFiles;
}

async function withClock(
  { folder, seed }: TrialContext,
  { aheadMs, synced, timezone = "Europe/Vilnius", tls }: Start,
  work: (lab: Lab) => Promise<Outcome>,
): Promise<Outcome> {
  return await withEnding(async (ending) => {
    const clock = createFakeClock(folder, aheadMs, synced);
    const secure = await freePort();
    const { cert, key } = tls ?? {};
    // The agent's door only; the subscriber comes by the plain one.
    const lines = tls === undefined ? [] : [`listener ${secure} 127.0.0.1`, `certfile ${cert}`, `keyfile ${key}`];
    const broker = await startMosquitto({ lines });
    ending.push(broker.dispose);
    const subscriber = await startSubscriber(broker.port, ROOT);
    ending.push(subscriber.end);
    const link = await startLink(tls === undefined ? broker.port : secure, seededRandom(seed));
    ending.push(link.close);
    const till = await createTill({
      folder,
      local: {
        timezone,
        broker:
          tls === undefined
            ? { url: `mqtt://127.0.0.1:${link.port}` }
            : { url: `mqtts://127.0.0.1:${link.port}`, caFile: tls.ca },
      },
    });
    ending.push(till.remove);
    const truth = createBoottime();
    let presses = 0;
    return await work({
      folder,
      till,
      clock,
      link,
      subscriber,
      async press() {
        presses += 1;
        const before = till.pad.pressed.size;
        till.press(seed + presses);
        await pause(PRESSING_MS, forever);
        await until(() => till.pad.pressed.size > before, "somebody pressed", WITHIN_MS);
        till.hush();
        await until(() => till.pad.unacknowledged() === 0, "the last press was acknowledged", WITHIN_MS);
      },
      async delivered() {
        await until(
          () => judgeArrivals(subscriber.arrived, till.pad.acknowledged).lost === 0,
          "every press reached the broker",
          WITHIN_MS,
        );
      },
      async judge(meantMs = 0) {
        await until(
          () => {
            const reader = openReader(journalFile(folder));
            const { head } = reader.head();
            reader.close();
            return firstArrivals(subscriber.arrived).length >= head;
          },
          "every event reached the broker",
          WITHIN_MS,
        );
        await till.agent.end("SIGTERM");
        const events = firstArrivals(subscriber.arrived);
        const pressed = [...events].filter(isPress).sort((a, b) => a.mono - b.mono);
        const counters = countersOf(pressed.map(({ data }) => String(data.button)));
        const made = pressed
          .map(({ mono }, i) => ({ mono, counter: counters[i] ?? 0 }))
          .sort((a, b) => a.counter - b.counter)
          .map(({ mono }) => mono);
        truth.refresh();
        const bootMs = Date.now() - truth.nowMs() + meantMs;
        const { presses: counted, lost, twice, clashes, holes } = judgeArrivals(events, till.pad.acknowledged);
        return {
          presses: counted,
          lost,
          twice,
          clashes,
          holes,
          ...judgeTimes(events, bootMs, made),
        };
      },
    });
  });
}

function isPress({ type }: Envelope): boolean {
  return type === "press";
}
