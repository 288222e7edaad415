// Fleet settings by the broker, over the lives of an agent: takes what comes, tries it, says what became of it.
import type { Logger } from "pino";
import { judgeDesired } from "../config/desired.ts";
import { type InForce, inForce } from "../config/in-force.ts";
import { readRemote, writeRemote } from "../config/remote-file.ts";
import {
  accept,
  atStart,
  atTrialEnd,
  interrupted,
  NO_RECORD,
  type RemoteRecord,
  type Verdict,
  withdrawn,
} from "../config/remote-record.ts";
import type { Config } from "../config/schema.ts";
import { stageSettingsDiffer } from "../config/stage-settings.ts";
import type { Health } from "../health/health.ts";
import type { RetainedStates } from "../uplink/states.ts";
import { asFault, Fault } from "../words/errors.ts";
import type { EventData } from "../words/events.ts";
import type { SettingsState } from "../words/fleet-settings.ts";

/** Under this key the journal keeps which verdict was told last, in the transaction of its event. */
export const TOLD = "config:told";
/** Refusals are told as events no more often, milliseconds: whoever sends rubbish must not fill the journal. */
const REFUSALS_EVERY_MS = 60_000;

/** What one life of the agent lends. */
export interface Life {
  readonly health: Health;
  readonly states: RetainedStates;
  /** What the journal kept of the last life. */
  readonly kept: Readonly<Record<string, unknown>>;
  /** UTC, RFC 3339 with milliseconds. */
  readonly timeNow: () => string;
  /** An audit event and what is kept with it, in one transaction. */
  readonly audit: (data: EventData["audit"], keep: Readonly<Record<string, unknown>>) => void;
  readonly dropped: (fault: Fault) => void;
  /** Ends this life in order. */
  readonly end: () => void;
}

export interface JoinedSettings {
  /** Takes a message on `config`; absent where none is to be taken. */
  readonly receive?: (payload: Buffer) => void;
  /** The life is over. */
  readonly stop: () => void;
}

export interface FleetSettingsDeps {
  readonly boot: string;
  readonly log: Logger;
}

export class FleetSettings {
  readonly #own: Config;
  readonly #deps: FleetSettingsDeps;
  #record: RemoteRecord = NO_RECORD;
  /** What this life runs by. */
  #running: InForce;
  #verdict: Verdict | undefined;
  /** Newest document that came while another was on trial. */
  #waiting: Buffer | undefined;
  /** The present life ends, so that another begins with other settings. */
  #again = false;
  #refusedMs = Number.NEGATIVE_INFINITY;
  readonly #since = new Date().toISOString();

  /** @param own the device's own file */
  constructor(own: Config, deps: FleetSettingsDeps) {
    this.#own = own;
    this.#deps = deps;
    try {
      if (own.local.remoteConfig.accept) this.#record = readRemote(own.local.dataDir);
    } catch (thrown) {
      // The file that a technician wrote is good enough to go on with; the broker's settings come again.
      this.#deps.log.warn({ fault: asFault(thrown, "SETTINGS_KEPT") }, "fleet settings from the broker were lost");
    }
    this.#verdict = this.#record.verdict;
    this.#running = inForce(own, this.#record);
  }

  /** True when the life that ended is to be followed by another. */
  get again(): boolean {
    return this.#again;
  }

  /** The settings of the next life; a trial is marked as begun first. */
  begin(): Config {
    const { log, boot } = this.#deps;
    this.#again = false;
    const since = new Date().toISOString();
    const started = atStart(this.#record, boot, since);
    const { reasons } = inForce(this.#own, started);
    const next = started.trial !== undefined && reasons.length > 0 ? withdrawn(started, reasons, since) : started;
    if (next !== this.#record) {
      try {
        this.#keep(next);
      } catch (thrown) {
        // A trial that no disk knows of could not be rolled back by the next start: not begun, what was settled holds.
        log.warn({ fault: asFault(thrown, "SETTINGS_KEPT") }, "fleet settings cannot be tried");
        this.#record = interrupted(this.#record);
      }
    }
    this.#running = inForce(this.#own, this.#record);
    const { version, hash, reasons: why } = this.#running;
    if (why.length > 0 && this.#record.settled !== undefined) {
      log.warn({ reasons: why }, "fleet settings from the broker no longer fit the file, which holds instead");
      const { fleet: _, ...of } = this.#record.settled;
      this.#verdict = { state: "refused", ...of, reasons: [...why], since };
    } else if (version > 0)
      log.info({ version, hash, trial: this.#onTrial }, "fleet settings from the broker in force");
    return this.#running.config;
  }

  /** Joins a life that runs by what `begin` gave. */
  readonly join = (life: Life): JoinedSettings => {
    const told = { last: life.kept[TOLD] };
    this.#show(life, told);
    if (!this.#own.local.remoteConfig.accept) return { stop: () => undefined };
    const trialMs = this.#own.local.remoteConfig.trialS * 1_000;
    let timer: NodeJS.Timeout | undefined;
    const judgeLater = (): void => {
      timer = setTimeout(() => {
        if (!this.#endTrial(life, told)) judgeLater();
      }, trialMs);
    };
    if (this.#onTrial) judgeLater();
    else this.#takeWaiting(life, told);
    return {
      receive: (payload) => {
        this.#waiting = payload;
        if (!this.#onTrial && !this.#again) this.#takeWaiting(life, told);
      },
      stop: () => clearTimeout(timer),
    };
  };

  /** The process ends in order, or for a reason that is not the settings'. */
  interrupted(): void {
    const next = interrupted(this.#record);
    if (next === this.#record) return;
    try {
      this.#keep(next);
    } catch (thrown) {
      this.#deps.log.warn({ fault: asFault(thrown, "SETTINGS_KEPT") }, "the trial of fleet settings cannot go on");
    }
  }

  get #onTrial(): boolean {
    return this.#record.trial?.boot !== undefined;
  }

  /** Waits for the disk in the main thread: rare, and what follows must not come before. @throws Fault SETTINGS_KEPT */
  #keep(record: RemoteRecord): void {
    writeRemote(this.#own.local.dataDir, record);
    this.#record = record;
    this.#verdict = record.verdict;
  }

  #takeWaiting(life: Life, told: { last: unknown }): void {
    const payload = this.#waiting;
    this.#waiting = undefined;
    if (payload === undefined) return;
    const judged = judgeDesired(payload, this.#record, this.#own);
    if (judged.do === "nothing") return;
    if (judged.do === "refuse") {
      this.#refuse(life, told, judged.of, judged.reasons);
      return;
    }
    const { desired, config } = judged;
    const watched = Object.entries(life.health.snapshot().stages)
      .filter(([stage, { state }]) => state === "ok" && stageSettingsDiffer(stage, this.#running.config, config))
      .map(([stage]) => stage);
    try {
      this.#keep(accept(this.#record, desired, watched, life.timeNow()));
    } catch (thrown) {
      this.#refuse(life, told, desired, [asFault(thrown, "SETTINGS_KEPT").message]);
      return;
    }
    this.#show(life, told);
    this.#deps.log.info({ version: desired.version, by: desired.by, watched }, "fleet settings came: trial begins");
    this.#again = true;
    life.end();
  }

  /** @returns false where the disk did not take the verdict: the trial goes on */
  #endTrial(life: Life, told: { last: unknown }): boolean {
    try {
      this.#keep(atTrialEnd(this.#record, life.health.snapshot().stages, life.timeNow()));
    } catch (thrown) {
      this.#deps.log.warn({ fault: asFault(thrown, "SETTINGS_KEPT") }, "the trial of fleet settings goes on");
      return false;
    }
    this.#show(life, told);
    const { state, reasons = [] } = this.#verdict ?? {};
    if (state === "rolled-back") {
      const fault = new Fault("SETTINGS_ROLLED_BACK", `fleet settings were rolled back: ${reasons.join("; ")}`);
      this.#deps.log.warn({ fault }, "fleet settings rolled back");
      this.#again = true;
      life.end();
    } else {
      this.#deps.log.info({ version: this.#running.version }, "fleet settings applied");
      this.#takeWaiting(life, told);
    }
    return true;
  }

  #refuse(
    life: Life,
    told: { last: unknown },
    { version, hash, by = "" }: { readonly version?: number; readonly hash?: string; readonly by?: string },
    reasons: readonly string[],
  ): void {
    life.dropped(new Fault("SETTINGS_REFUSED", `fleet settings were refused: ${reasons[0] ?? ""}`, { version }));
    const of = { ...(version === undefined ? {} : { version }), ...(hash === undefined ? {} : { hash }), by };
    const verdict: Verdict = { state: "refused", ...of, reasons: [...reasons], since: life.timeNow() };
    if (this.#verdict !== undefined && sign(verdict) === sign(this.#verdict)) return;
    this.#verdict = verdict;
    this.#show(life, told);
  }

  /** Says in `state/config` what is, and by an audit event what was decided, unless that was told before. */
  #show(life: Life, told: { last: unknown }): void {
    const { version, hash } = this.#running;
    const verdict = this.#verdict;
    const { by: _by, ...said } = verdict ?? { state: "file" as const, by: "", reasons: [], since: this.#since };
    life.states.set("config", { ...said, running: { version, hash } } satisfies SettingsState);
    if (verdict === undefined || told.last === sign(verdict)) return;
    if (verdict.state === "refused") {
      if (performance.now() - this.#refusedMs < REFUSALS_EVERY_MS) return;
      this.#refusedMs = performance.now();
    }
    told.last = sign(verdict);
    const { state: outcome, since: _since, ...data } = verdict;
    life.audit({ action: "config", target: "fleet", via: "mqtt", outcome, ...data } satisfies EventData["audit"], {
      [TOLD]: told.last,
    });
  }
}

/** What tells one verdict from another, whenever it was reached. */
function sign({ state, version, hash, reasons }: Verdict): string {
  return JSON.stringify([state, version, hash, reasons]);
}
