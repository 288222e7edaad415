// A cloned card and an old copy that was put back: whatever happens to the file, never two truths under one number.
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { between, seededRandom } from "../../src/simulate/random.ts";
import { pause } from "../../src/supervise/backoff.ts";
import { until } from "../../test/fakes/until.ts";
import type { Subscriber } from "../trials/subscriber.ts";
import { judgeArrivals } from "./arrivals.ts";
import { type ChaosTill, createTillAtBroker, withEnding } from "./till.ts";
import { mustBe, type Outcome, type TrialContext } from "./trial.ts";

const WITHIN_MS = 60_000;
/** How long somebody presses between two changes of the card, milliseconds. */
const PRESSING_MS = [500, 2_500] as const;

const forever = new AbortController().signal;

/** Why another machine cannot be played here, or undefined. */
export function anotherMachineLacks(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "giving a process another machine id needs root";
}

/** The card goes to and fro between two machines, and each writes on. */
export async function clonedCard({ folder, seed, count }: TrialContext): Promise<Outcome> {
  return await withTill(folder, async ({ till, subscriber, press }) => {
    const machines = ["1".repeat(32), "2".repeat(32)].map((id) => join(folder, writeId(folder, id)));
    const rounds = count(20, 4);
    const data = join(folder, "data");
    let aside = 0;
    const random = seededRandom(seed);
    // Both machines begin with the same card.
    const cards = [join(folder, "card-0"), join(folder, "card-1")];
    for (let round = 0; round <= rounds; round += 1) {
      const machine = round % 2;
      const card = cards[machine] ?? "";
      if (round > 0) {
        rmSync(data, { recursive: true });
        cpSync(card, data, { recursive: true });
      }
      const agent = await till.start({ under: asMachine(machines[machine] ?? "") });
      await press(between(random, ...PRESSING_MS));
      await ended(till, random);
      if (agent.lines.some(({ code }) => code === "JOURNAL_MOVED")) aside += 1;
      if (round === 0) cpSync(data, cards[1] ?? "", { recursive: true });
      rmSync(card, { recursive: true, force: true });
      cpSync(data, card, { recursive: true });
    }
    const counts = {
      "starts by turns": rounds + 1,
      "set aside as moved": aside,
      ...judgeArrivals(subscriber.arrived, till.pad.acknowledged),
    };
    return {
      did: `a card cloned, and two machines that write on by turns, ${rounds + 1} times`,
      counts,
      wrong: mustBe({ ...FINE, streams: 2, "set aside as moved": 1 }, counts),
    };
  });
}

/** Again and again an older copy of the data folder is put back, as from a backup, and the device presses on. */
export async function restoredCopy({ folder, seed, count }: TrialContext): Promise<Outcome> {
  return await withTill(folder, async ({ till, subscriber, press }) => {
    const rounds = count(20, 2);
    const data = join(folder, "data");
    const backup = join(folder, "backup");
    const random = seededRandom(seed);
    let noticed = 0;
    for (let round = 1; round <= rounds; round += 1) {
      await till.start();
      await press(between(random, ...PRESSING_MS));
      await ended(till, random);
      rmSync(backup, { recursive: true, force: true });
      cpSync(data, backup, { recursive: true });
      await till.start();
      await press(between(random, ...PRESSING_MS));
      await ended(till, random);
      rmSync(data, { recursive: true });
      cpSync(backup, data, { recursive: true });
      const agent = await till.start();
      await press(between(random, ...PRESSING_MS));
      await ended(till, random);
      if (agent.lines.some(({ code }) => code === "JOURNAL_RESTORED")) noticed += 1;
    }
    const counts = { restores: rounds, noticed, ...judgeArrivals(subscriber.arrived, till.pad.acknowledged) };
    return {
      did: `an older copy of the data folder put back ${rounds} times, each time pressed on`,
      counts,
      wrong: mustBe({ ...FINE, noticed: rounds, streams: rounds + 1 }, counts),
    };
  });
}

const FINE = { lost: 0, twice: 0, clashes: 0, holes: 0 };

interface Pressed {
  readonly till: ChaosTill;
  readonly subscriber: Subscriber;
  /** Presses for a while, until everything is acknowledged and has arrived. */
  readonly press: (ms: number) => Promise<void>;
}

async function withTill(folder: string, work: (pressed: Pressed) => Promise<Outcome>): Promise<Outcome> {
  return await withEnding(async (ending) => {
    const { till, subscriber } = await createTillAtBroker(ending, folder);
    let seed = 0;
    const press = async (ms: number): Promise<void> => {
      seed += 1;
      const before = till.pad.pressed.size;
      till.press(seed);
      await pause(ms, forever);
      await until(() => till.pad.pressed.size > before, "somebody pressed", WITHIN_MS);
      till.hush();
      await until(() => till.pad.unacknowledged() === 0, "the last press was acknowledged", WITHIN_MS);
      await until(
        () => judgeArrivals(subscriber.arrived, till.pad.acknowledged).lost === 0,
        "every press reached the broker",
        WITHIN_MS,
      );
    };
    return await work({ till, subscriber, press });
  });
}

/** In order or by SIGKILL, as it comes. */
async function ended(till: ChaosTill, random: () => number): Promise<void> {
  await till.agent.end(random() < 0.5 ? "SIGTERM" : "SIGKILL");
}

function writeId(folder: string, id: string): string {
  const name = `machine-${id.slice(0, 4)}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `${id}\n`);
  return name;
}

/** Runs what follows with another /etc/machine-id, in a mount namespace of its own. */
function asMachine(idFile: string): string[] {
  return ["unshare", "--mount", "sh", "-ec", `mount --bind '${idFile}' /etc/machine-id; exec "$@"`, "sh"];
}
