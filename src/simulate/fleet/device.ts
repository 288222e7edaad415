// One device of a simulated fleet: the agent's own engine, envelopes and uplink over a journal in memory.
import { v7 as uuidv7 } from "uuid";
import { stampFact } from "../../agent/stamp.ts";
import { CommandsConfig } from "../../config/commands.ts";
import { checkConfig } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import type { Committed, RowFate, Step } from "../../journal/journal.ts";
import type { Decision, Moment } from "../../touchpoint/decision.ts";
import { type EngineState, startEngine, step } from "../../touchpoint/engine.ts";
import { engineSettings } from "../../touchpoint/settings.ts";
import { RetainedStates } from "../../uplink/states.ts";
import { runUplink, type UplinkTimings } from "../../uplink/uplink.ts";
import { Fault } from "../../words/errors.ts";
import type { Fact, Stamped } from "../../words/events.ts";
import { MemoryJournal } from "./memory-journal.ts";

const PAD = "p1";
const TOUCHPOINT = "checkout";
/** Buttons of the pad and what they are worth. */
export const BUTTONS: readonly string[] = ["1", "2", "3", "4"];

export interface DeviceSettings {
  /** As `fleetConfig` makes it. */
  readonly config: Config;
  readonly version: string;
  /** Id of this boot of the machine. */
  readonly boot: string;
  /** Boottime, milliseconds. */
  readonly nowMs: () => number;
  readonly timings: Partial<UplinkTimings>;
}

/** What the devices tell the fleet of. */
export interface DeviceListener {
  /** An event was acknowledged for the first time, so long after the press that made it, milliseconds. */
  readonly acknowledged: (afterMs: number) => void;
  /** The device serves a connection: its first one or a later one. */
  readonly connected: () => void;
  /** A connection was lost or could not be made, or a message was refused. */
  readonly fault: (fault: Fault) => void;
}

/** What became of a device's events. */
export interface Tally {
  /** Committed. */
  readonly events: number;
  /** Of these, refused by the broker for good. */
  readonly refused: number;
  /** Of these, not delivered: without PUBACK or refused; with `confirm: server` without the server's `ack`. */
  readonly open: number;
}

export interface FleetDevice {
  press(button: string): void;
  tally(): Promise<Tally>;
  /** Says `offline` and ends. */
  stop(): Promise<void>;
}

/** Tells how long after it was made each row was settled. */
class TimedJournal extends MemoryJournal {
  readonly #madeMs = new Map<number, number>();
  readonly #listener: DeviceListener;

  constructor(listener: DeviceListener) {
    super();
    this.#listener = listener;
  }

  override async commit(step: Step): Promise<Committed> {
    const atMs = performance.now();
    const committed = await super.commit(step);
    const { firstSeq = 1, lastSeq = 0 } = committed;
    for (let seq = firstSeq; seq <= lastSeq; seq += 1) this.#madeMs.set(seq, atMs);
    return committed;
  }

  override settle(fates: readonly RowFate[]): void {
    super.settle(fates);
    for (const { seq, refused } of fates) {
      const madeMs = this.#madeMs.get(seq);
      this.#madeMs.delete(seq);
      if (madeMs !== undefined && refused === undefined) this.#listener.acknowledged(performance.now() - madeMs);
    }
  }
}

/**
 * The configuration of every device: one touchpoint with one pad.
 * @throws Fault CONFIG_INVALID where `broker` is not good
 */
export function fleetConfig(site: string, device: string, broker: object): Config {
  const checked = checkConfig({
    version: 1,
    local: { site, device, broker, pads: [{ id: PAD, driver: "simulated" }] },
    fleet: {
      touchpoints: [
        {
          id: TOUCHPOINT,
          pads: [PAD],
          question: {
            id: "visit",
            min: 1,
            max: BUTTONS.length,
            buttons: Object.fromEntries(BUTTONS.map((button) => [button, Number(button)])),
          },
        },
      ],
    },
  });
  if ("config" in checked) return checked.config;
  const [mistake] = checked.mistakes;
  throw new Fault("CONFIG_INVALID", `${mistake?.path}: ${mistake?.message}`, { mistakes: checked.mistakes });
}

/** Starts a device; it connects by itself and goes on until stopped. */
export function startDevice(settings: DeviceSettings, listener: DeviceListener): FleetDevice {
  const { config, version, boot } = settings;
  const { site, device, broker } = config.local;
  if (broker === undefined) throw new Fault("CONFIG_INVALID", "local.broker: is missing");
  const journal = new TimedJournal(listener);
  const stopping = new AbortController();
  const engine = engineSettings(config);
  const moment = (): Moment => ({
    ms: settings.nowMs(),
    unixMs: Date.now(),
    clock: "synced",
    boot,
    newId: (unixMs) => uuidv7({ msecs: Math.round(unixMs) }),
  });
  let state: EngineState;
  let counter = 0;
  const stamp = (fact: Fact, now: Moment): Stamped => {
    const unixMs = (atMs: number): number => now.unixMs + atMs - now.ms;
    const timeOf = (atMs: number) => ({ unixMs: unixMs(atMs), clock: now.clock });
    return stampFact(fact, { site, device, tz: "UTC", boot, timeOf });
  };
  const commit = (decision: Decision, now: Moment): void => {
    const events = decision.facts.map((fact) => stamp(fact, now));
    void journal.commit({ events, keep: decision.keep });
  };
  const started = moment();
  const first = startEngine(engine, {}, started);
  state = first.state;
  commit(first.decision, started);
  let limited = false;
  const running = runUplink(
    { site, device, broker, commands: CommandsConfig.parse({}), version, boot },
    {
      journal,
      states: new RetainedStates(),
      report: (stage, fault) => {
        if (fault !== undefined) listener.fault(fault);
        // A broker that takes messages again was connected all the time.
        else if (stage === "ok" && !limited) listener.connected();
        limited = fault?.code === "BROKER_QUOTA";
      },
      certificates: () => undefined,
      signal: stopping.signal,
      timeNow: () => new Date().toISOString(),
      dropped: listener.fault,
      audit: (data) => {
        const now = moment();
        return stamp({ type: "audit", id: now.newId(now.unixMs), atMs: now.ms, data }, now);
      },
      timings: settings.timings,
    },
  );
  return {
    press(button) {
      const now = moment();
      counter = (counter + 1) % 65_536;
      const ref = { port: `/dev/${PAD}`, pad: PAD, session: "s1", counter };
      const next = step(engine, state, { kind: "press", pad: PAD, button, atMs: now.ms, ref }, now);
      state = next.state;
      commit(next.decision, now);
    },
    async tally() {
      const { head, waiting, refused, confirmed } = await journal.head();
      return { events: head, refused, open: broker.confirm === "server" ? head - confirmed : waiting + refused };
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
