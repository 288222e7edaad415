// The composition root: makes every part, joins them one way, and ends them in order.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import type { SimulatedPad } from "../buttons/simulated.ts";
import { bootId, createBoottime } from "../clock/clock.ts";
import { askTimeSource } from "../clock/time-source.ts";
import type { Config } from "../config/schema.ts";
import { questionnairesOf } from "../config/surveys.ts";
import type { Finding } from "../doctor/finding.ts";
import { createHealth } from "../health/health.ts";
import { startNotify } from "../notify/notify.ts";
import { startPresenceNotify } from "../notify/presence.ts";
import { builtUrl, packageRoot } from "../place.ts";
import { PASS_MS, type Proposal, runRollups } from "../rollups/rollups.ts";
import { type Effect, type Moment, utc } from "../touchpoint/decision.ts";
import { engineSettings } from "../touchpoint/settings.ts";
import { alertCommands } from "../uplink/alert-commands.ts";
import type { Command } from "../uplink/commanding.ts";
import { eraseCommand } from "../uplink/erase-command.ts";
import { pauseCommands } from "../uplink/pause-commands.ts";
import { RetainedStates } from "../uplink/states.ts";
import { surveyStartCommand } from "../uplink/survey-start.ts";
import { updateCommand } from "../uplink/update-command.ts";
import { runUplink, type UplinkTimings } from "../uplink/uplink.ts";
import type { CommandName } from "../words/commands.ts";
import { asFault, type Fault } from "../words/errors.ts";
import type { EventData, Fact, Stamped } from "../words/events.ts";
import type { HealthMessage } from "../words/topics.ts";
import { journalFileIn, openAgentJournal } from "./agent-journal.ts";
import { seeTo } from "./alerting.ts";
import { announcementsOf } from "./announcing.ts";
import { contactSealer } from "./callbacks.ts";
import { reportCondition } from "./conditions.ts";
import { customerHash } from "./customers.ts";
import { startDeciding } from "./deciding.ts";
import { deviceCommands } from "./device-commands.ts";
import { runDoors } from "./door.ts";
import { turnOffDumps } from "./dumps.ts";
import { carryOutErasures, orderErasure, ROLLUPS_VIEW } from "./erasing.ts";
import { runEyes } from "./eyes.ts";
import type { JoinedSettings, Life } from "./fleet-settings.ts";
import { askingInTime } from "./identity.ts";
import { createLamps } from "./lamps.ts";
import type { LogTail } from "./log-tail.ts";
import { type Pads, padIds, runPads } from "./pads.ts";
import { createPausing, pauseByCommand } from "./pausing.ts";
import { stampFact } from "./stamp.ts";
import { startTimekeeping } from "./timekeeping.ts";
import { createUpdating } from "./updating.ts";
import { createWatchdog } from "./watchdog.ts";

/** How often dwell, grace, interval ends and lost counters are looked at, milliseconds. */
const TICK_MS = 200;
/** How often the health state is published, milliseconds. */
const SLOW_TICK_MS = 30_000;
/** How long a stop waits for a disk that does not answer, milliseconds. */
const STOP_MS = 5_000;

export interface AgentOptions {
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Called with each simulated pad when it is made. */
  readonly simulated?: (id: string, pad: SimulatedPad) => void;
  /** Called once, when the journal is open and the inputs are being served. */
  readonly started?: () => void;
  /** Called with the address of the local HTTP door whenever it opened. */
  readonly door?: (url: string) => void;
  /** Shorter times of the uplink, for trials of many outages. */
  readonly uplinkTimings?: Partial<UplinkTimings>;
  /** Shorter time between two passes of the rollups, for tests. */
  readonly rollupsEveryMs?: number;
  /** The life ends so that another begins: an erasure was ordered. Without it, it is carried out by the next start. */
  readonly anew?: () => void;
  /** What was logged last, for the command `log.tail`. */
  readonly tail?: LogTail;
  /** Examines the device, for the command `doctor`. */
  readonly doctor?: (signal: AbortSignal) => Promise<readonly Finding[]>;
  /** Ends the process in order, for the command `restart`; absent where nobody would start it again. */
  readonly restart?: () => void;
  /** Joins fleet settings that come by the broker. */
  readonly fleetSettings?: (life: Life) => JoinedSettings;
}

/**
 * Runs the whole agent until aborted; resolves when everything is on disk and every thread and child has ended.
 * @throws Fault CONFIG_SECRET when the key of customers cannot be read, CALLBACK_KEY, JOURNAL_OPEN, JOURNAL_FULL, JOURNAL_LOCKED, JOURNAL_NEWER when the journal cannot be opened, JOURNAL_WRITE
 * when a step could not be kept in memory any longer: the service manager starts the agent again
 */
export async function runAgent(config: Config, options: AgentOptions): Promise<void> {
  turnOffDumps();
  const { local, fleet } = config;
  const { log } = options;
  const boot = bootId();
  const boottime = createBoottime();
  const onStep = new Set<() => void>();
  const time = startTimekeeping({
    boot,
    boottime,
    wallMs: Date.now,
    ask: askTimeSource,
    report: (state, fault) => health.stage("clock")(state, fault),
    stepped: () => {
      for (const listener of onStep) listener();
    },
    stamp: (fact) => stamp(fact),
  });
  const stamp = (fact: Fact) =>
    stampFact(fact, { site: local.site, device: local.device, tz: local.timezone, boot, timeOf: time.timeOf });

  // What is said before the journal is open waits for it.
  const early: Fact[] = [];
  let record = (fact: Fact): void => void early.push(fact);
  const states = new RetainedStates();
  const health = createHealth(boottime.nowMs, (stage, { state, code, message, hint }) => {
    const details = {
      ...(code === undefined ? {} : { code }),
      ...(message === undefined ? {} : { message }),
      ...(hint === undefined ? {} : { hint }),
    };
    log[state === "degraded" ? "warn" : "info"]({ stage, state, ...details }, "stage changed");
    // Starting and stopping are no news to a server: `status` says so already.
    if (state === "ok" || state === "degraded" || state === "paused") {
      const at = time.moment();
      record({ type: "health", id: at.newId(at.unixMs), atMs: at.ms, data: { stage, state, ...details } });
    }
    publishHealth();
  });
  const publishHealth = (): void => {
    const { stages, counters } = health.snapshot();
    const at = time.moment();
    const told = Object.entries(stages).map(([stage, { sinceMs, ...rest }]) => [
      stage,
      { ...rest, since: utc(at, sinceMs) },
    ]);
    states.set("health", { stages: Object.fromEntries(told), counters } satisfies HealthMessage);
  };
  const dropped = (stage: string, fault: Fault): void => {
    health.count(`${stage}.dropped.${fault.code}`);
    log.debug({ stage, fault }, "input dropped");
  };

  const seal = local.callback === undefined ? undefined : contactSealer(local.callback, local.device);
  await time.settle();
  const journal = await openAgentJournal(local, { time, stamp, report: health.stage("journal") });
  // From here on: an erasure at a start may take longer than the service manager waits.
  const watchdog = createWatchdog(process.env, () => journal.head());
  // Inputs and vision end first, the uplink last, so that what they said last still leaves.
  const inputs = new AbortController();
  const sending = new AbortController();
  const stop = new AbortController();
  let lost: Fault | undefined;
  const perform = (effect: Effect): void => {
    if (lost !== undefined) return;
    switch (effect.kind) {
      case "acknowledge":
        pads?.port(effect.pad)?.acknowledge(effect.ref);
        break;
      case "indicate":
        lamps.show(effect.pad, effect.pattern);
        break;
      case "pause":
        pausing.set(effect.camera, effect.paused);
        break;
      case "notify":
        notify.tell(stamp(effect.alert));
        break;
      case "presence":
        // Straight to whoever waits for it: a signal of now does not wait for the disk.
        states.set(`presence/${effect.touchpoint}`, effect.presence);
        if (effect.turned) presence.tell(effect.touchpoint, effect.presence);
        break;
      default:
        effect satisfies never;
    }
  };
  // What was paused when the agent ended is known before any pad or camera is opened.
  let pads: Pads | undefined;
  const lamps = createLamps(local.pads.flatMap(padIds), (pad, pattern) => pads?.port(pad)?.indicate(pattern, pad));
  const pausing = createPausing(local.cameras, lamps);
  const notify = startNotify(local.notify, { signal: sending.signal, report: (stage) => health.stage(stage), dropped });
  const presence = startPresenceNotify(local.notify.presence, {
    site: local.site,
    device: local.device,
    signal: sending.signal,
    report: (stage) => health.stage(stage),
    count: (stage, counter) => health.count(`${stage}.${counter}`),
  });
  const settings = engineSettings(config, local.customers === undefined ? undefined : customerHash(local.customers));
  const before = await journal.kept("");
  time.attach(journal, before);
  const erasures = await carryOutErasures(journal, before, local.dataDir);
  for (const { order, count } of erasures) log.info({ order: order.order, what: order.erasable.what, count }, "erased");
  const kept = erasures.length === 0 ? before : await journal.kept("");
  const engine = startDeciding(settings, kept, {
    journal,
    moment: time.moment,
    stamp,
    perform: (effect) => perform(effect),
    dropped: (fault) => dropped("touchpoint", fault),
    // From here on the engine knows more than the disk: a press seen before would be acknowledged though it is on no disk.
    // Start again from what the disk knows.
    abandoned: (reason) => {
      if (lost !== undefined) return;
      lost = asFault(reason, "JOURNAL_WRITE");
      log.error({ fault: lost }, "a step did not reach the journal");
      stop.abort();
    },
    committed: (facts) => {
      for (const fact of facts) if (fact.type === "mood") states.set("mood", fact.data);
    },
  });
  engine.record(early);
  record = (fact) => engine.record([fact]);

  pads = runPads(local.pads, {
    signal: inputs.signal,
    health,
    nowMs: boottime.nowMs,
    session: randomBytes(4).toString("hex"),
    input: (input) => {
      health.count(`pad:${input.pad}.${input.kind}`);
      if (input.kind === "condition") reportCondition(input, health);
      engine.decide(input);
    },
    dropped: (pad, fault) => dropped(`pad:${pad}`, fault),
    simulated: (id, pad) => options.simulated?.(id, pad),
    opened: (ids) => lamps.again(ids),
  });
  const doors = runDoors(config, {
    signal: inputs.signal,
    engine,
    health,
    nowMs: boottime.nowMs,
    kept,
    ...(seal === undefined ? {} : { seal }),
    opened: (url) => options.door?.(url),
  });
  const vision = runEyes(config, inputs.signal, health, boottime.nowMs, engine, pausing);
  const rollups = runRollups(
    {
      journal: journalFileIn(local.dataDir),
      view: join(local.dataDir, ROLLUPS_VIEW),
      timezone: local.timezone,
      settings: { ...fleet.rollups, questionnaires: questionnairesOf(fleet) },
      everyMs: options.rollupsEveryMs ?? PASS_MS,
    },
    {
      threadUrl: builtUrl("rollups/thread.js"),
      signal: inputs.signal,
      report: health.stage("rollups"),
      tell: (proposals) => engine.record(rollupFacts(proposals, time.moment())),
    },
  );
  const audited = (data: EventData["audit"]): Stamped => {
    const at = time.moment();
    return stamp({ type: "audit", id: at.newId(at.unixMs), atMs: at.ms, data });
  };
  const program = version();
  const joined = options.fleetSettings?.({
    health,
    states,
    kept,
    timeNow: () => time.now().toISOString(),
    audit: (data, keep) => {
      // Given up only when the journal closes: then the next life tells it.
      void journal.commit({ events: [audited(data)], keep }).catch(() => undefined);
    },
    dropped: (fault) => dropped("uplink", fault),
    end: () => stop.abort(),
  });
  const updating = createUpdating(
    { settings: local.update, dataDir: local.dataDir, device: { version: program, architecture: process.arch } },
    health.stage("update"),
    sending.signal,
  );
  const anew = (): void => {
    options.anew?.();
    stop.abort();
  };
  const uplink =
    local.broker === undefined
      ? Promise.resolve()
      : runUplink(
          {
            site: local.site,
            device: local.device,
            broker: local.broker,
            commands: local.commands,
            version: program,
            boot,
          },
          {
            journal,
            states,
            report: health.stage("uplink"),
            certificates: askingInTime(health.stage("certificates"), { ...local, broker: local.broker }),
            signal: sending.signal,
            timeNow: () => time.now().toISOString(),
            clockTrusted: () => time.moment().clock === "synced",
            // Certificates may be valid by the new time.
            onNudge: (nudge) => void onStep.add(nudge),
            dropped: (fault) => dropped("uplink", fault),
            audit: audited,
            commands: {
              ...deviceCommands({
                signal: inputs.signal,
                lamps,
                log,
                ...(options.tail === undefined ? {} : { tail: options.tail }),
                ...(options.doctor === undefined ? {} : { doctor: options.doctor }),
                ...(options.restart === undefined ? {} : { restart: options.restart }),
              }),
              ...alertCommands((word) => seeTo(engine, word, boottime.nowMs())),
              ...pauseCommands((word) => pauseByCommand(engine, pausing, word, boottime.nowMs())),
              erase: {
                ...eraseCommand(
                  (order) => orderErasure(journal, order),
                  () => time.now().getTime(),
                ),
                ...(options.anew === undefined ? {} : { afterwards: anew }),
              },
              update: updateCommand(updating.begin),
              "survey.start": surveyStartCommand(
                async (input) => (await engine.decided(input)).dropped,
                boottime.nowMs,
              ),
            } satisfies Record<Exclude<CommandName, "resend" | "ping" | "flush">, Command>,
            announcements: announcementsOf(config, program, kept, journal),
            ...(joined?.receive === undefined ? {} : { config: joined.receive }),
            ...(options.uplinkTimings === undefined ? {} : { timings: options.uplinkTimings }),
          },
        );

  const ticks = setInterval(() => engine.decide({ kind: "tick", atMs: boottime.nowMs() }), TICK_MS);
  const slowTicks = setInterval(() => {
    publishHealth();
  }, SLOW_TICK_MS);
  watchdog.ready();
  log.info({ device: local.device, site: local.site, version: program, boot }, "agent started");
  options.started?.();

  await new Promise<void>((resolve) => {
    const ends = AbortSignal.any([options.signal, stop.signal]);
    if (ends.aborted) resolve();
    ends.addEventListener("abort", () => resolve(), { once: true });
  });
  joined?.stop();
  // Between two lives the service manager must not hear of an end.
  if (options.signal.aborted || lost !== undefined) watchdog.stopping();
  inputs.abort();
  await Promise.all([pads.ended, vision, doors, rollups]);
  clearInterval(ticks);
  clearInterval(slowTicks);
  // A disk that does not answer must not keep the agent from ending: what is not on disk was never acknowledged.
  const patience = AbortSignal.timeout(STOP_MS);
  const ended = Promise.all([engine.stop(), time.stop()]);
  await Promise.race([ended, new Promise((resolve) => patience.addEventListener("abort", resolve))]);
  // What stages say from here on is no news to a server, and the journal is about to close.
  record = () => undefined;
  sending.abort();
  await Promise.all([uplink, notify.ended, presence.ended, updating.ended()]);
  await journal.close();
  watchdog.end();
  if (stop.signal.aborted && lost !== undefined) throw lost;
  log.info("agent stopped");
}

function rollupFacts(proposals: readonly Proposal[], { ms, unixMs, newId }: Moment): Fact[] {
  return proposals.map(({ touchpoint, data }) => ({ type: "rollup", id: newId(unixMs), touchpoint, atMs: ms, data }));
}

/** Version of the program, from package.json. */
export function version(): string {
  const { version: text } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as {
    version: string;
  };
  return text;
}
