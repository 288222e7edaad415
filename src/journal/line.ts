// The line to the journal's thread: every request is answered in the end, whatever becomes of disk and thread.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type BackoffSettings, backoffMs, pause } from "../supervise/backoff.ts";
import type { StageReport } from "../supervise/keep-running.ts";
import { asFault, Fault, type FaultCode } from "../words/errors.ts";
import type { Answer, Condition, Exchange, Failure, Opened, Opening, SetAside, Verb } from "./protocol.ts";

/** Longest wait for a thread that is still opening the file when the end comes, milliseconds. */
const OPENING_MS = 5_000;

export interface LineSettings {
  readonly threadUrl: URL;
  /** How to open the file now. */
  readonly opening: () => Opening;
  /** The file is open, for the first time or again; called before anything is asked again. */
  readonly opened: (opened: Opened) => void;
  /** The journal is longer than it may be. */
  readonly over: () => void;
  /** The disk is full and the reserve is in use, or no longer. */
  readonly low: (low: boolean) => void;
  readonly report: StageReport;
  readonly backoff: BackoffSettings;
  readonly random: () => number;
  /** How often it is looked whether the disk still answers, milliseconds; two looks in vain are reported. */
  readonly lookMs: number;
}

interface Ask {
  readonly ask: number;
  readonly verb: Verb;
  readonly body: unknown;
  readonly answer: (value: unknown) => void;
  readonly reject: (fault: Fault) => void;
  failed: boolean;
  looks: number;
}

export class ThreadLine {
  readonly #settings: LineSettings;
  readonly #asks = new Map<number, Ask>();
  readonly #end = new AbortController();
  #worker: Worker | undefined;
  #live = false;
  #asked = 0;
  #failures = 0;
  #degraded = false;
  /** Conditions that last while requests are answered all the same. */
  readonly #standing = new Set<FaultCode>();
  #retrying = false;
  #damaged: string | undefined;
  #looking: NodeJS.Timeout | undefined;

  constructor(settings: LineSettings) {
    this.#settings = settings;
  }

  /** True while the disk or the thread fails. */
  get isDegraded(): boolean {
    return this.#degraded;
  }

  /** Opens the file. @throws Fault JOURNAL_OPEN, JOURNAL_FULL, JOURNAL_LOCKED or JOURNAL_NEWER */
  async start(): Promise<void> {
    this.#settings.report("starting");
    // Not well until the file is open.
    this.#degraded = true;
    await this.#open();
    this.#looking = setInterval(() => this.#look(), this.#settings.lookMs).unref();
  }

  /** Asks once; the answer may take as long as disk and thread fail. Rejects with JOURNAL_CLOSED after the end. */
  ask<V extends Verb>(verb: V, body: Exchange[V]["request"]): Promise<Exchange[V]["answer"]> {
    return new Promise((resolve, reject) => {
      if (this.#end.signal.aborted) {
        reject(closedFault());
        return;
      }
      const answer = (value: unknown): void => resolve(value as Exchange[V]["answer"]);
      this.#asked += 1;
      const ask: Ask = { ask: this.#asked, verb, body, answer, reject, failed: false, looks: 0 };
      this.#asks.set(ask.ask, ask);
      this.#post(ask);
    });
  }

  /** Closes the file and ends the thread; what was asked and not answered is rejected. */
  async end(): Promise<void> {
    this.#end.abort();
    clearInterval(this.#looking);
    for (const ask of this.#asks.values()) ask.reject(closedFault());
    this.#asks.clear();
    const worker = this.#worker;
    if (worker !== undefined && this.#live) {
      this.#live = false;
      const gone = once(worker, "exit");
      worker.postMessage({ ask: 0, verb: "close", body: null });
      await gone;
    } else if (worker !== undefined) await endOpening(worker);
    this.#settings.report("stopped");
  }

  #post(ask: Ask): void {
    if (this.#live) this.#worker?.postMessage({ ask: ask.ask, verb: ask.verb, body: ask.body });
  }

  /** Starts a thread and waits until it has the file open; rejects when it is gone instead. */
  #open(): Promise<void> {
    const opening = this.#settings.opening();
    const worker = new Worker(this.#settings.threadUrl, {
      workerData: this.#damaged === undefined ? opening : { ...opening, damaged: this.#damaged },
      name: "journal",
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    this.#worker = worker;
    let last: Fault | undefined;
    return new Promise((resolve, reject) => {
      worker.on("message", (message: Answer) => {
        if ("ask" in message) this.#heard(message);
        else if ("notOpened" in message) last = new Fault(message.notOpened.code, message.notOpened.sentence);
        else if ("aside" in message) this.#setAside(message.aside);
        else if ("condition" in message) this.#is(message.condition);
        else {
          this.#live = true;
          this.#welcome(message.opened);
          resolve();
        }
      });
      worker.on("error", (error: Error) => {
        last = new Fault("JOURNAL_CRASHED", `the journal's thread ended: ${error.message}`, {}, error);
      });
      // Only now the file and its lock are free for the next thread.
      worker.on("exit", (code) => {
        const fault = last ?? new Fault("JOURNAL_CRASHED", `the journal's thread ended with ${code}`);
        if (this.#worker === worker) this.#worker = undefined;
        reject(fault);
        if (this.#live) void this.#lost(fault);
      });
    });
  }

  /** Gives up the file and goes on with a new one, because of what `opening` says from now on. */
  renew(reason: string): void {
    this.#damaged = reason;
    this.#degrade("JOURNAL_DAMAGED", reason);
    this.#worker?.postMessage({ ask: 0, verb: "leave", body: null });
  }

  #is(condition: Condition): void {
    if ("over" in condition) this.#settings.over();
    else if ("damaged" in condition) {
      this.#damaged = condition.damaged;
      this.#degrade("JOURNAL_DAMAGED", condition.damaged);
    } else if ("gone" in condition) this.#degrade("JOURNAL_WRITE", condition.gone);
    else if ("short" in condition)
      this.#stand("JOURNAL_QUOTA", condition.short, "the journal is full of what waits; the least valuable is dropped");
    else {
      this.#settings.low(condition.low);
      this.#stand("JOURNAL_FULL", condition.low, "the disk is full; presses use the reserve");
    }
  }

  #stand(code: FaultCode, stands: boolean, sentence: string): void {
    if (stands) {
      this.#standing.add(code);
      this.#settings.report("degraded", new Fault(code, sentence));
    } else if (this.#standing.delete(code) && this.#standing.size === 0 && !this.#degraded) this.#settings.report("ok");
  }

  #setAside({ code, reason, file }: SetAside): void {
    this.#damaged = undefined;
    this.#degraded = true;
    this.#settings.report("degraded", new Fault(code, `${reason}; the old file is now ${file}`, { file }));
  }

  #welcome(opened: Opened): void {
    // A new thread says so again where it is still true.
    this.#standing.clear();
    this.#settings.low(false);
    this.#settings.opened(opened);
    for (const ask of this.#asks.values()) this.#post(ask);
    if (this.#asks.size === 0) this.#recovered();
  }

  #heard(message: Extract<Answer, { ask: number }>): void {
    const ask = this.#asks.get(message.ask);
    if (ask === undefined) return;
    if ("failure" in message) {
      ask.failed = true;
      this.#failed(message.failure);
      return;
    }
    this.#asks.delete(message.ask);
    if (this.#degraded && ![...this.#asks.values()].some((other) => other.failed)) this.#recovered();
    ask.answer(message.answer);
  }

  #failed(failure: Failure): void {
    this.#degrade(failure.code, failure.sentence);
    if (failure.remedy === "retry") {
      void this.#retry();
      return;
    }
    // The thread ends by itself; its exit starts the next one.
    if (failure.remedy === "damaged") this.#damaged = failure.sentence;
  }

  /** Asks again, after a pause, what failed. */
  async #retry(): Promise<void> {
    if (this.#retrying) return;
    this.#retrying = true;
    await this.#pause();
    this.#retrying = false;
    for (const ask of this.#asks.values()) if (ask.failed) this.#post(ask);
  }

  /** The thread that had the file open is gone: starts others until one has it open again. */
  async #lost(fault: Fault): Promise<void> {
    this.#live = false;
    for (const ask of this.#asks.values()) ask.failed = true;
    let reason: unknown = fault;
    while (!this.#end.signal.aborted) {
      const { code, message } = asFault(reason, "JOURNAL_CRASHED");
      this.#degrade(code, message);
      await this.#pause();
      if (this.#end.signal.aborted) return;
      try {
        await this.#open();
        return;
      } catch (thrown) {
        reason = thrown;
      }
    }
  }

  #pause(): Promise<void> {
    return pause(backoffMs(this.#failures, this.#settings.backoff, this.#settings.random()), this.#end.signal);
  }

  #degrade(code: FaultCode, sentence: string): void {
    this.#failures += 1;
    this.#degraded = true;
    this.#settings.report("degraded", new Fault(code, sentence));
  }

  #recovered(): void {
    if (!this.#degraded) return;
    this.#failures = 0;
    this.#degraded = false;
    if (this.#standing.size === 0) this.#settings.report("ok");
  }

  #look(): void {
    for (const ask of this.#asks.values()) {
      ask.looks += 1;
      if (ask.looks === 2 && !ask.failed)
        this.#degrade("JOURNAL_WRITE", "the disk has not answered for several seconds");
    }
  }
}

/** Ends a thread that is opening the file: it hears of it when it has done so. */
async function endOpening(worker: Worker): Promise<void> {
  const gone = once(worker, "exit");
  worker.postMessage({ ask: 0, verb: "close", body: null });
  const timer = setTimeout(() => void worker.terminate(), OPENING_MS);
  await gone;
  clearTimeout(timer);
}

function closedFault(): Fault {
  return new Fault("JOURNAL_CLOSED", "the journal is closed");
}
