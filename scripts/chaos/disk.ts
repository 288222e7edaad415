// Disks that are full, turn read-only or fail now and then, under the real program and a press stream.
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openReader } from "../../src/journal/read.ts";
import { verifyJournal } from "../../src/journal/verify.ts";
import { between, seededRandom } from "../../src/simulate/random.ts";
import { pause } from "../../src/supervise/backoff.ts";
import { buildSlowSync, slowSyncEnv } from "../../test/fakes/slow-sync.ts";
import { until } from "../../test/fakes/until.ts";
import { judgeArrivals } from "./arrivals.ts";
import { type ChaosTill, createTillAtBroker, withEnding } from "./till.ts";
import { mustBe, type Outcome, type TrialContext } from "./trial.ts";
import { createVolume } from "./volume.ts";

const VOLUME_MIB = 128;
/** Longest wait for what must come, milliseconds. */
const WITHIN_MS = 60_000;
/** How long a broken disk is looked at, milliseconds. */
const LOOK_MS = 2_000;

const forever = new AbortController().signal;

/**
 * The disk is full: presses still count, by the reserve, a kill and a start on the full disk included. Then somebody
 * takes the reserve's room too: nobody is thanked any more and nobody ends, until there is room again.
 */
export async function diskFull({ folder, seed, count, progress }: TrialContext): Promise<Outcome> {
  return await onDisk(folder, seed, async ({ till, volume, dataDir, arrived }) => {
    const rounds = count(5, 1);
    const byReserve: number[] = [];
    let ended = 0;
    for (let round = 1; round <= rounds; round += 1) {
      // Made again by the next look at the disk. Who has none cannot start on a full disk: docs/chaos.md.
      await until(() => existsSync(join(dataDir, "journal.db.reserve")), "the reserve is there", WITHIN_MS);
      const before = till.pad.acknowledged.size;
      const said = till.agent.lines.length;
      volume.fill();
      await fullSaid(till, said);
      await pause(LOOK_MS, forever);
      await till.agent.end("SIGKILL");
      await till.start();
      await acknowledgesMore(till);
      byReserve.push(till.pad.acknowledged.size - before);
      volume.fill();
      await pause(LOOK_MS * 2, forever);
      if (!till.agent.running()) ended += 1;
      volume.empty();
      if (!till.agent.running()) await till.start();
      await acknowledgesMore(till);
      progress(`full ${round} times, ${byReserve.at(-1)} presses by the reserve`);
    }
    const counts = {
      "presses by the reserve": byReserve.join(" "),
      "ended by itself": ended,
      ...(await finish(till, dataDir, arrived)),
    };
    return {
      did: `an ext4 disk of ${VOLUME_MIB} MiB filled to the last block ${rounds} times, a kill and a start on it; then the reserve's room too`,
      counts,
      wrong: mustBe({ ...FINE, "ended by itself": 0 }, counts),
    };
  });
}

/** @param from only lines of the agent's log from this one on count */
async function fullSaid({ agent }: ChaosTill, from: number): Promise<void> {
  await agent.heard(
    ({ stage, code }) => stage === "journal" && code === "JOURNAL_FULL",
    "the disk is full",
    from,
    WITHIN_MS,
  );
}

/** The kernel turns the disk read-only, as with a dying card: nobody is thanked any more, nobody ends; then a reboot. */
export async function diskReadOnly({ folder, seed, count, progress }: TrialContext): Promise<Outcome> {
  return await onDisk(folder, seed, async ({ till, volume, dataDir, arrived }) => {
    const rounds = count(5, 1);
    let ended = 0;
    let thankedTooEarly = 0;
    let meanwhile = 0;
    for (let round = 1; round <= rounds; round += 1) {
      volume.abort();
      await until(
        () =>
          !till.agent.running() ||
          till.agent.lines.some(({ stage, state }) => stage === "journal" && state === "degraded"),
        "the journal said so",
        WITHIN_MS,
      );
      // Thanks for what was on disk before may still be on the line: only presses that come from now on are looked at.
      const before = new Set(till.pad.pressed.keys());
      await pause(LOOK_MS, forever);
      if (!till.agent.running()) ended += 1;
      meanwhile += till.pad.pressed.size - before.size;
      thankedTooEarly += [...till.pad.acknowledged].filter((counter) => !before.has(counter)).length;
      await till.agent.end("SIGKILL");
      volume.reboot();
      await till.start();
      await acknowledgesMore(till);
      progress(`read-only ${round} times`);
    }
    const counts = {
      "ended by itself": ended,
      "pressed on a read-only disk": meanwhile,
      "thanked on a read-only disk": thankedTooEarly,
      ...(await finish(till, dataDir, arrived)),
    };
    return {
      did: `ext4 aborted ${rounds} times, so that the kernel made it read-only; then a check and a new start`,
      counts,
      // A kernel may say that a sync succeeded in the moment in which its file system is aborted. Then the broker
      // remembers more than the file, and a new stream begins.
      wrong: mustBe({ ...KEPT, "ended by itself": 0, "thanked on a read-only disk": 0 }, counts),
    };
  });
}

/** Reads, writes and syncs fail with EIO, writes with ENOSPC or EROFS, for moments: the same agent lives through all of it. */
export async function diskErrors({ folder, seed, count, progress }: TrialContext): Promise<Outcome> {
  return await withEnding(async (ending) => {
    const random = seededRandom(seed);
    const fail = join(folder, "fail");
    const library = buildSlowSync(folder);
    const options = { env: slowSyncEnv(library, { fail }) };
    const { till, subscriber } = await createTillAtBroker(ending, folder, { options });
    await till.start();
    till.press(seed);
    const errors = ["EIO", "WRITE-EIO", "READ-EIO", "ENOSPC", "EROFS"];
    const rounds = count(60, 5);
    let ended = 0;
    for (let round = 1; round <= rounds; round += 1) {
      await pause(between(random, 100, 1_500), forever);
      writeFileSync(fail, errors[(round - 1) % errors.length] ?? "EIO");
      await pause(between(random, 10, 3_000), forever);
      rmSync(fail);
      if (!till.agent.running()) {
        ended += 1;
        await till.start();
      }
      await acknowledgesMore(till);
      if (round % 10 === 0) progress(`failed ${round} times`);
    }
    const counts = { "ended by itself": ended, ...(await finish(till, join(folder, "data"), subscriber.arrived)) };
    return {
      did: `${rounds} spells of up to 3 s in which ${errors.join(", ")} came from the disk in turn (LD_PRELOAD)`,
      counts,
      // Reads that fail can look like a damaged file: then a new one is begun, and takes over what was not sent.
      wrong: mustBe({ ...KEPT, "ended by itself": 0 }, counts),
    };
  });
}

const KEPT = { lost: 0, twice: 0, clashes: 0, holes: 0, "exit status": 0, journal: "ok" };
const FINE = { ...KEPT, streams: 1 };

interface OnDisk {
  readonly till: ChaosTill;
  readonly volume: ReturnType<typeof createVolume>;
  readonly dataDir: string;
  readonly arrived: Parameters<typeof judgeArrivals>[0];
}

/** A till whose data folder lies on a disk of its own; the agent runs and somebody presses. */
async function onDisk(folder: string, seed: number, work: (on: OnDisk) => Promise<Outcome>): Promise<Outcome> {
  return await withEnding(async (ending) => {
    const volume = createVolume(folder, VOLUME_MIB);
    ending.push(async () => volume.remove());
    const dataDir = join(volume.path, "data");
    const { till, subscriber } = await createTillAtBroker(ending, folder, { local: { dataDir } });
    await till.start();
    till.press(seed);
    await acknowledgesMore(till);
    return await work({ till, volume, dataDir, arrived: subscriber.arrived });
  });
}

async function acknowledgesMore(till: ChaosTill): Promise<void> {
  const before = till.pad.acknowledged.size;
  await until(() => till.pad.acknowledged.size > before, "presses are acknowledged again", WITHIN_MS);
}

/** Lets everything arrive, ends the agent, and counts. */
async function finish(
  till: ChaosTill,
  dataDir: string,
  arrived: Parameters<typeof judgeArrivals>[0],
): Promise<Record<string, number | string>> {
  till.hush();
  const file = join(dataDir, "journal.db");
  await until(() => till.pad.unacknowledged() === 0, "the last press was acknowledged", WITHIN_MS);
  const reader = openReader(file);
  const { head } = reader.head();
  const last = (): number => arrived.reduce((most, { seq }) => Math.max(most, seq), 0);
  await until(() => last() >= head, "every event reached the broker", WITHIN_MS);
  const { code } = await till.agent.end("SIGTERM");
  const verdict = verifyJournal(reader);
  reader.close();
  return {
    pressed: till.pad.pressed.size,
    ...judgeArrivals(arrived, till.pad.acknowledged),
    "exit status": code ?? -1,
    journal: verdict.ok ? "ok" : verdict.findings.slice(0, 3).join("; "),
  };
}
