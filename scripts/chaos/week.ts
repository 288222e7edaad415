// A week in minutes: a million events by an injected clock through engine, journal and uplink, with outages of hours.

import { join } from "node:path";
import { createInterface } from "node:readline";
import { v7 as uuidv7 } from "uuid";
import { startDeciding } from "../../src/agent/deciding.ts";
import { stampFact } from "../../src/agent/stamp.ts";
import { Config } from "../../src/config/schema.ts";
import { openJournal } from "../../src/journal/open.ts";
import { openReader } from "../../src/journal/read.ts";
import { verifyJournal } from "../../src/journal/verify.ts";
import { builtUrl } from "../../src/place.ts";
import { seededRandom } from "../../src/simulate/random.ts";
import { startChild } from "../../src/supervise/child.ts";
import type { Moment } from "../../src/touchpoint/decision.ts";
import { RetainedStates } from "../../src/uplink/states.ts";
import { runUplink } from "../../src/uplink/uplink.ts";
import type { Fault } from "../../src/words/errors.ts";
import type { Envelope, Fact } from "../../src/words/events.ts";
import { startMosquitto } from "../../test/fakes/mosquitto.ts";
import { until } from "../../test/fakes/until.ts";
import { DEVICE, SITE, TOUCHPOINT, trialConfig } from "../trials/settings.ts";
import { ownedSeqs } from "./arrivals.ts";
import { IMPATIENT } from "./impatience.ts";
import { startLink } from "./link.ts";
import { watchMemory } from "./memory.ts";
import { withEnding } from "./till.ts";
import { mustBe, type Outcome, type TrialContext } from "./trial.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
const START_MS = Date.UTC(2026, 10, 16);
/** Outages of the broker, as hours since the start and their length in hours. The longest is most of a weekend. */
const OUTAGES = [
  [6, 1],
  [20, 8],
  [52, 0.2],
  [53, 0.2],
  [54, 3],
  [80, 12],
  [110, 40],
] as const;
/** The whole journal may take so much: the presses of the long outage have room in it, and not all of the rest. */
const MAX_BYTES = 134_217_728;
/** The write-ahead log, at most 32 MiB, and what comes in while room is made, on top. */
const OVER_BYTES = 50_331_648;
/** Growth that is no leak. */
const MAY_GROW_MIB = 96;
/** Steps that may wait for the disk, and events that may wait for the broker while it is there. */
const MOST_COMMITTING = 1_000;
const MOST_BACKLOG = 20_000;
const WITHIN_MS = 600_000;
const TIDIED_MS = 20_000;

/** Every event of the engine is a press or a fact beside it; each takes the same share of the week. */
export async function compressedWeek({ folder, seed, count, progress }: TrialContext): Promise<Outcome> {
  return await withEnding(async (ending) => {
    const events = count(1_000_000, 20_000);
    const random = seededRandom(seed);
    const broker = await startMosquitto();
    ending.push(broker.dispose);
    const tally = startTally(broker.port);
    ending.push(tally.end);
    await tally.listening();
    const link = await startLink(broker.port, random);
    ending.push(link.close);
    const { local, fleet } = Config.parse(
      trialConfig({
        folder,
        brokerUrl: `mqtt://127.0.0.1:${link.port}`,
        local: { pads: [{ id: "p1", driver: "simulated" }] },
      }),
    );
    if (local.broker === undefined) throw new Error("the trial has no broker");

    let simulatedMs = 0;
    const moment = (): Moment => ({
      ms: simulatedMs,
      unixMs: START_MS + simulatedMs,
      clock: "synced",
      boot: "week",
      newId: (unixMs) => uuidv7({ msecs: Math.round(unixMs) }),
    });
    const stamp = (fact: Fact) =>
      stampFact(fact, {
        site: SITE,
        device: DEVICE,
        tz: local.timezone,
        boot: "week",
        timeOf: (atMs) => ({ unixMs: START_MS + atMs, clock: "synced" }),
      });
    const file = join(folder, "data", "journal.db");
    const troubles: string[] = [];
    const journal = await openJournal({
      file,
      threadUrl: builtUrl("journal/thread.js"),
      machine: "chaos",
      now: () => new Date(START_MS + simulatedMs),
      gap: (data) => stamp({ type: "gap", id: moment().newId(START_MS + simulatedMs), atMs: simulatedMs, data }),
      report: (_state, fault) => note(troubles, fault),
      device: DEVICE,
      checkUrl: builtUrl("journal/check-file.js"),
      quota: {
        maxBytes: MAX_BYTES,
        maxAgeMs: local.journal.maxAgeDays * DAY_MS,
        reserveBytes: local.journal.reserveBytes,
      },
      batchMs: local.journal.batchMs,
    });
    ending.push(() => journal.close());
    let committing = 0;
    const engine = startDeciding({ touchpoints: fleet.touchpoints, mood: undefined }, await journal.kept(""), {
      journal: {
        async commit(step) {
          committing += 1;
          try {
            return await journal.commit(step);
          } finally {
            committing -= 1;
          }
        },
      },
      moment,
      stamp,
      perform: () => undefined,
      dropped: (fault) => note(troubles, fault),
      abandoned: (reason) => troubles.push(`a step was given up: ${String(reason)}`),
      committed: () => undefined,
    });
    const sending = new AbortController();
    const uplink = runUplink(
      {
        site: SITE,
        device: DEVICE,
        broker: local.broker,
        commands: local.commands,
        version: "chaos",
        boot: "week",
      },
      {
        journal,
        states: new RetainedStates(),
        report: () => undefined,
        certificates: () => undefined,
        signal: sending.signal,
        timeNow: () => new Date().toISOString(),
        dropped: (fault) => note(troubles, fault),
        audit: () => {
          throw new Error("nobody gives commands here");
        },
        timings: IMPATIENT,
      },
    );
    ending.push(async () => {
      sending.abort();
      await uplink;
    });

    const memory = watchMemory(process.pid, 10);
    let mostBytes = 0;
    let presses = 0;
    let away = false;
    for (let n = 1; n <= events; n += 1) {
      simulatedMs = (n / events) * WEEK_MS;
      const hour = simulatedMs / HOUR_MS;
      const out = OUTAGES.some(([from, long]) => hour >= from && hour < from + long);
      if (out !== away) {
        away = out;
        link.set({ refuse: out });
        if (out) link.cut();
      }
      if (random() < 0.6) {
        const ref = { port: "week", pad: "P1", session: "week", counter: presses % 65_536 };
        engine.decide({ kind: "press", pad: "p1", button: "4", atMs: simulatedMs, ref });
        presses += 1;
      } else engine.record([beside(random, moment())]);
      if (committing >= MOST_COMMITTING) await until(() => committing < MOST_COMMITTING / 2, "the disk", WITHIN_MS);
      if (n % Math.ceil(events / 100) !== 0) continue;
      if (!away) await until(async () => (await journal.head()).waiting < MOST_BACKLOG, "the backlog", WITHIN_MS);
      memory.look();
      // A week in life leaves the journal's tidying a hundred times as long.
      await until(async () => (await journal.usage()).usedBytes <= MAX_BYTES, "the journal tidied", TIDIED_MS).catch(
        () => undefined,
      );
      const { bytes } = await journal.usage();
      mostBytes = Math.max(mostBytes, bytes);
      if (n % Math.ceil(events / 20) === 0) {
        const { head, waiting } = await journal.head();
        const mib = (bytes / 1_048_576).toFixed(0);
        progress(
          `hour ${hour.toFixed(0)}: head ${head}, ${waiting} wait, file ${mib} MiB, ${memory.mostMib} MiB resident`,
        );
      }
    }
    await engine.stop();
    await until(async () => (await journal.head()).waiting === 0, "everything was sent", WITHIN_MS);
    const { head, stream } = await journal.head();
    await until(() => tally.missing(stream, head).unowned === 0, "everything arrived", 30_000).catch(() => undefined);
    memory.look();
    const { owned, unowned } = tally.missing(stream, head);
    sending.abort();
    await uplink;
    await journal.close();
    const reader = openReader(file);
    const kept = reader.count();
    const verdict = verifyJournal(reader);
    reader.close();
    const counts = {
      events,
      presses,
      head,
      arrived: tally.events,
      "presses arrived": tally.presses,
      "owned by gaps": owned,
      "not owned": unowned,
      "rows kept": kept,
      "largest file MiB": Math.round(mostBytes / 1_048_576),
      "most resident MiB": memory.mostMib,
      "grown MiB": memory.grownMib(),
      journal: verdict.ok ? "ok" : verdict.findings.slice(0, 3).join("; "),
      troubles: troubles.length === 0 ? "none" : [...new Set(troubles)].slice(0, 5).join("; "),
    };
    const wrong = mustBe({ "presses arrived": presses, "not owned": 0, journal: "ok" }, counts);
    if (mostBytes > MAX_BYTES + OVER_BYTES)
      wrong.push(`the file grew beyond ${(MAX_BYTES + OVER_BYTES) / 1_048_576} MiB`);
    if (memory.grownMib() > MAY_GROW_MIB) wrong.push(`memory grew by more than ${MAY_GROW_MIB} MiB`);
    const hours = OUTAGES.reduce((sum, [, long]) => sum + long, 0);
    return {
      did: `a week with ${OUTAGES.length} outages, ${hours.toFixed(1)} h in all, the longest 40 h`,
      counts,
      wrong,
    };
  });
}

function note(troubles: string[], fault: Fault | undefined): void {
  if (fault !== undefined && troubles.length < 1_000) troubles.push(fault.code);
}

/** Something else that happens at a till. */
function beside(random: () => number, at: Moment): Fact {
  const common = { id: at.newId(at.unixMs), touchpoint: TOUCHPOINT, atMs: at.ms };
  const people = Math.floor(random() * 4);
  if (random() < 0.7)
    return { ...common, type: "presence", data: { camera: "door", zone: "till", occupied: people > 0, people } };
  return { ...common, type: "health", data: { stage: "camera:door", state: random() < 0.5 ? "ok" : "degraded" } };
}

interface Tally {
  listening(): Promise<void>;
  readonly events: number;
  readonly presses: number;
  /** Numbers of a stream up to `head` that did not arrive. */
  missing(stream: string, head: number): { owned: number; unowned: number };
  end(): Promise<void>;
}

const PAGE = 65_536;
const ARRIVED = 1;
const OWNED = 2;

/** mosquitto_sub counted by number only: a week of envelopes would not stay in memory. */
function startTally(port: number): Tally {
  const args = ["-h", "127.0.0.1", "-p", `${port}`, "-V", "5", "-q", "1", "-c", "-i", "week", "-x", "3600"];
  const child = startChild(
    "stdbuf",
    ["-oL", "mosquitto_sub", ...args, "-t", "touchpoint/v1/+/+/event/#", "-F", "%t %p", "-d"],
    {
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  if (child.stdout === null) throw new Error("mosquitto_sub has no output");
  const streams = new Map<string, Map<number, Uint8Array>>();
  let granted = false;
  let events = 0;
  let presses = 0;
  /** What is known of a number, a byte each, in pages. */
  const known = (stream: string, seq: number): number =>
    streams.get(stream)?.get(Math.floor(seq / PAGE))?.[seq % PAGE] ?? 0;
  const learn = (stream: string, seq: number, what: number): void => {
    const pages = streams.get(stream) ?? new Map<number, Uint8Array>();
    streams.set(stream, pages);
    const page = pages.get(Math.floor(seq / PAGE)) ?? new Uint8Array(PAGE);
    pages.set(Math.floor(seq / PAGE), page);
    page[seq % PAGE] = (page[seq % PAGE] ?? 0) | what;
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    granted ||= line.startsWith("Subscribed");
    const found = /^touchpoint\/\S+\/event\/(\w+) .*?"stream":"([^"]+)","seq":(\d+),/.exec(line);
    const [, type = "", stream = "", digits = ""] = found ?? [];
    if (found === null) return;
    const seq = Number(digits);
    if ((known(stream, seq) & ARRIVED) !== 0) return;
    learn(stream, seq, ARRIVED);
    events += 1;
    if (type === "press") presses += 1;
    if (type !== "gap") return;
    const event = JSON.parse(line.slice(line.indexOf(" ") + 1)) as Envelope;
    for (const { stream: of, from, to } of ownedSeqs([event]))
      for (let lost = from; lost <= to; lost += 1) learn(of, lost, OWNED);
  });
  return {
    listening: () => until(() => granted, "mosquitto_sub subscribed"),
    get events() {
      return events;
    },
    get presses() {
      return presses;
    },
    missing(stream, head) {
      let owned = 0;
      let unowned = 0;
      for (let seq = 1; seq <= head; seq += 1) {
        const what = known(stream, seq);
        if (what === OWNED) owned += 1;
        else if (what === 0) unowned += 1;
      }
      return { owned, unowned };
    },
    async end() {
      child.kill("SIGKILL");
    },
  };
}
