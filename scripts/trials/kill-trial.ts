// Kills the agent at random moments under a press stream and counts what became of every press.
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Sentence } from "../../src/buttons/pad-protocol.ts";
import { openReader } from "../../src/journal/read.ts";
import { Database } from "../../src/journal/sqlite.ts";
import { verifyJournal } from "../../src/journal/verify.ts";
import { between, seededRandom } from "../../src/simulate/random.ts";
import { pause } from "../../src/supervise/backoff.ts";
import type { Envelope } from "../../src/words/events.ts";
import { startMosquitto } from "../../test/fakes/mosquitto.ts";
import { createFakePad, type FakePad } from "../../test/fakes/pad.ts";
import { createCable } from "../../test/fakes/pty.ts";
import { until } from "../../test/fakes/until.ts";
import { STARTED, startAgent } from "./agent-process.ts";
import { countersOf, STREAM_BUTTONS, startPressing } from "./press-stream.ts";
import { journalFile, ROOT, writeTrialConfig } from "./settings.ts";
import { firstArrivals, type Subscriber, startSubscriber } from "./subscriber.ts";

/** How long the agent may live after its start, milliseconds. */
const LIFE_MS = 1_500;
/** A kill at a press comes this long after the pad heard *felt*, milliseconds: before, in and after the commit. */
const AFTER_FELT_MS = 4;
/** Acknowledgements that the agent sent before it died reach the pad within this time, milliseconds. */
const ON_THE_WIRE_MS = 20;
/** Longest wait for a press or an event to arrive, milliseconds. */
const SETTLE_MS = 60_000;

export interface KillSettings {
  readonly kills: number;
  readonly seed: number;
  /** Empty folder for configuration and journal. */
  readonly folder: string;
  /** Called after each kill. */
  readonly progress?: (killed: number) => void;
}

export interface KillReport {
  readonly kills: number;
  /** Kills before the agent said that it had started. */
  readonly whileStarting: number;
  /** Kills in the few milliseconds after *felt*, in which the commit lies. */
  readonly atPress: number;
  readonly presses: number;
  readonly acknowledged: number;
  readonly inJournal: number;
  readonly atBroker: number;
  /** Acknowledged presses that are not in the journal. */
  readonly lost: number;
  /** Presses with more than one event. */
  readonly duplicates: number;
  /** Acknowledged presses that were not on disk when the agent was dead, summed over the kills. */
  readonly acknowledgedTooEarly: number;
  /** Presses that were on disk and not acknowledged when the agent was dead: those that the pad sent again. */
  readonly cutBeforeAck: number;
  /** Messages that brought an event again. */
  readonly sentAgain: number;
  /** Press events whose first arrival was not in the order of seq. */
  readonly outOfOrder: number;
  readonly head: number;
  /** Numbers from 1 to head without an event. */
  readonly holes: number;
  /** Events of the journal that never reached the broker. */
  readonly undelivered: number;
  readonly integrity: string;
  readonly ok: boolean;
}

/** Runs the trial on loopback, with a real pseudo-terminal, the real program and a real Mosquitto; ends by itself. */
export async function runKillTrial(settings: KillSettings): Promise<KillReport> {
  const ending: (() => Promise<void>)[] = [];
  try {
    const broker = await startMosquitto();
    ending.push(broker.dispose);
    const subscriber = await startSubscriber(broker.port, ROOT);
    ending.push(subscriber.end);
    const cable = await createCable();
    ending.push(cable.remove);
    const config = writeTrialConfig({
      folder: settings.folder,
      brokerUrl: broker.url,
      buttons: STREAM_BUTTONS,
      local: { pads: [{ id: "p1", driver: "serial", port: cable.agentEnd }] },
    });
    const felt = new Felt();
    const pad = await createFakePad(cable.padEnd, "P1", "k1", (sentence) => felt.heard(sentence));
    ending.push(pad.unplug);
    const killed = await killAgain(settings, config, pad, felt);

    const last = startAgent(config);
    ending.push(async () => void (await last.end("SIGKILL")));
    await until(() => pad.unacknowledged() === 0, "the last press was acknowledged", SETTLE_MS);
    const head = openReader(journalFile(settings.folder));
    const reachable = head.head().head;
    head.close();
    await until(
      () => firstArrivals(subscriber.arrived).length >= reachable,
      "every event reached the broker",
      SETTLE_MS,
    );
    const { code } = await last.end("SIGTERM");
    if (code !== 0) throw new Error(`the agent ended with ${code}:\n${last.printed()}`);
    // What the orderly stop still said leaves before it ends.
    return judge(settings, killed, pad, subscriber);
  } finally {
    for (const end of ending.reverse()) await end();
  }
}

/** Lets somebody wait for the next *felt*. */
class Felt {
  #waiting: (() => void)[] = [];

  heard(sentence: Sentence): void {
    if (sentence.kind !== "indicate" || sentence.pattern !== "felt") return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell();
  }

  async next(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("no press was felt")), SETTLE_MS);
    });
    await Promise.race([new Promise<void>((resolve) => this.#waiting.push(resolve)), tooLong]);
    clearTimeout(timer);
  }
}

interface Killed {
  readonly whileStarting: number;
  readonly atPress: number;
  readonly acknowledgedTooEarly: number;
  readonly cutBeforeAck: number;
}

/** Every fourth kill comes while the agent starts, every fourth at a press, the others at any moment of its life. */
async function killAgain(settings: KillSettings, config: string, pad: FakePad, felt: Felt): Promise<Killed> {
  const random = seededRandom(settings.seed);
  const stream = startPressing(pad, settings.seed);
  const forever = new AbortController().signal;
  let whileStarting = 0;
  let atPress = 0;
  let acknowledgedTooEarly = 0;
  let cutBeforeAck = 0;
  let startMs = 500;
  try {
    for (let kill = 1; kill <= settings.kills; kill += 1) {
      const from = performance.now();
      const agent = startAgent(config);
      if (kill % 4 === 0) await pause(between(random, 0, startMs * 1.2), forever);
      else {
        await agent.heard(({ msg }) => msg === STARTED, "it started");
        startMs = performance.now() - from;
        await pause(between(random, 0, LIFE_MS), forever);
      }
      if (kill % 4 === 2) {
        await felt.next();
        await pause(between(random, 0, AFTER_FELT_MS), forever);
        atPress += 1;
      }
      await agent.end("SIGKILL");
      if (!agent.lines.some(({ msg }) => msg === STARTED)) whileStarting += 1;
      await pause(ON_THE_WIRE_MS, forever);
      const onDisk = pressesOnDisk(settings.folder);
      acknowledgedTooEarly += Math.max(0, pad.acknowledged.size - onDisk);
      cutBeforeAck += Math.max(0, onDisk - pad.acknowledged.size);
      settings.progress?.(kill);
    }
  } finally {
    stream.stop();
  }
  return { whileStarting, atPress, acknowledgedTooEarly, cutBeforeAck };
}

/** Press events in a copy of the files as the dead agent left them; the original is not touched. */
function pressesOnDisk(folder: string): number {
  const file = journalFile(folder);
  if (!existsSync(file)) return 0;
  const copies = join(folder, "copy");
  mkdirSync(copies, { recursive: true });
  const copy = join(copies, "journal.db");
  for (const side of ["", "-wal"]) if (existsSync(file + side)) copyFileSync(file + side, copy + side);
  const db = new Database(copy);
  try {
    // The agent may have died before it made the tables.
    const made = db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'events'").pluck().get();
    return made === 0 ? 0 : Number(db.prepare("SELECT count(*) FROM events WHERE type = 'press'").pluck().get());
  } finally {
    db.close();
    rmSync(copies, { recursive: true });
  }
}

function judge(settings: KillSettings, killed: Killed, pad: FakePad, subscriber: Subscriber): KillReport {
  const reader = openReader(journalFile(settings.folder));
  const verdict = verifyJournal(reader);
  const journal = [...reader.events()].map(({ json }) => JSON.parse(json) as Envelope);
  reader.close();
  const counters = countersOf(journal.filter(isPress).map(({ data }) => String(data.button)));
  const counted = new Set(counters);
  const arrived = firstArrivals(subscriber.arrived);
  const atBroker = new Set(arrived.map(({ seq }) => seq));
  const pressSeqs = arrived.filter(isPress).map(({ seq }) => seq);
  const figures = {
    kills: settings.kills,
    ...killed,
    presses: pad.pressed.size,
    acknowledged: pad.acknowledged.size,
    inJournal: counters.length,
    atBroker: pressSeqs.length,
    lost: [...pad.acknowledged].filter((counter) => !counted.has(counter)).length,
    duplicates: counters.length - counted.size,
    sentAgain: subscriber.arrived.length - arrived.length,
    outOfOrder: pressSeqs.filter((seq, i) => seq <= (pressSeqs[i - 1] ?? 0)).length,
    head: verdict.head,
    holes: verdict.head - new Set(journal.map(({ seq }) => seq)).size,
    undelivered: journal.filter(({ seq }) => !atBroker.has(seq)).length,
    integrity: verdict.ok ? "ok" : verdict.findings.join("; "),
  };
  const { presses, acknowledged, inJournal } = figures;
  const clean = [
    figures.lost,
    figures.duplicates,
    figures.acknowledgedTooEarly,
    figures.outOfOrder,
    figures.holes,
    figures.undelivered,
    subscriber.strange.length,
  ].every((count) => count === 0);
  const whole = presses === acknowledged && presses === inJournal && presses === figures.atBroker;
  return { ...figures, ok: clean && whole && verdict.ok && presses > 0 };
}

function isPress({ type }: Envelope): boolean {
  return type === "press";
}
