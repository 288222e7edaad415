// The journal in the main thread: gathers steps into batches, one on its way at a time, and never touches the disk.
import type { BackoffSettings } from "../supervise/backoff.ts";
import type { StageReport } from "../supervise/keep-running.ts";
import { Fault } from "../words/errors.ts";
import type { Stamped } from "../words/events.ts";
import type { Committed, Journal, JournalHead, JournalUsage, OutboxRow, Repaired, RowFate, Step } from "./journal.ts";
import { ThreadLine } from "./line.ts";
import { MarkBuffer } from "./marks.ts";
import type { Opened } from "./protocol.ts";
import { type Cargo, DEFAULT_BOUNDS, type Gap, isBarrier, type QueueBounds, StepQueue, tellSteps } from "./queue.ts";

/** Longest time a mark waits for a commit to ride along with, milliseconds. */
const MARKS_MS = 250;
/** A press waits for the disk: after a failure it is tried again soon, and at least every five seconds. */
const BACKOFF: BackoffSettings = { firstMs: 200, maxMs: 5_000, stableAfterMs: 0 };

const LOOK_MS = 5_000;

export interface JournalSettings {
  /** Path of the database; its folder is made where it is missing. */
  readonly file: string;
  /** The compiled thread.js. */
  readonly threadUrl: URL;
  /** Identity of this machine, see `readMachine`; empty where it is unknown. */
  readonly machine: string;
  /** Makes the event that owns events dropped while the disk failed. */
  readonly gap: (data: Gap) => Stamped;
  /** Wall clock, for the name of a file that is set aside. */
  readonly now: () => Date;
  readonly report: StageReport;
  readonly bounds?: QueueBounds;
  readonly backoff?: BackoffSettings;
  readonly random?: () => number;
  /** How often it is looked whether the disk still answers, milliseconds; two looks in vain are reported. */
  readonly lookMs?: number;
}

/**
 * Opens the journal in a thread of its own. A damaged file, or one of another machine, is set aside and reported.
 * @throws Fault JOURNAL_OPEN, JOURNAL_FULL, JOURNAL_LOCKED (try again later) or JOURNAL_NEWER
 */
export async function openJournal(settings: JournalSettings): Promise<Journal> {
  const journal = new ThreadedJournal(settings);
  await journal.start();
  return journal;
}

class ThreadedJournal implements Journal {
  readonly #line: ThreadLine;
  readonly #queue: StepQueue;
  readonly #marks = new MarkBuffer("");
  readonly #listeners: (() => void)[] = [];
  #stream = "";
  #head = 0;
  /** The batch on its way: what it becomes is known before the next leaves, so that no step is written twice. */
  #cargo: Cargo | undefined;
  #marking = false;
  #timer: NodeJS.Timeout | undefined;
  #drained: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(settings: JournalSettings) {
    this.#queue = new StepQueue(settings.bounds ?? DEFAULT_BOUNDS, settings.gap);
    this.#line = new ThreadLine({
      threadUrl: settings.threadUrl,
      opening: () => ({
        file: settings.file,
        machine: settings.machine,
        stamp: settings.now().toISOString().replace(/[-:.]/g, ""),
        ...(this.#stream === "" ? {} : { expect: { stream: this.#stream, head: this.#head } }),
      }),
      opened: (opened) => this.#opened(opened),
      report: (state, fault) => {
        settings.report(state, fault);
        if (state === "degraded") this.#drained?.();
      },
      backoff: settings.backoff ?? BACKOFF,
      random: settings.random ?? Math.random,
      lookMs: settings.lookMs ?? LOOK_MS,
    });
  }

  start(): Promise<void> {
    return this.#line.start();
  }

  async commit(step: Step): Promise<Committed> {
    if (this.#closing !== undefined) throw closed();
    const outcome = new Promise<Committed>((resolve, reject) => {
      this.#queue.add(step, (settled) => (settled instanceof Fault ? reject(settled) : resolve(settled)));
    });
    this.#send();
    return outcome;
  }

  kept(prefix: string): Promise<Record<string, unknown>> {
    return this.#line.ask("kept", { prefix });
  }

  waiting(lane: number, afterSeq: number, limit: number): Promise<OutboxRow[]> {
    this.#sendMarks();
    return this.#line.ask("waiting", { lane, afterSeq, limit });
  }

  head(): Promise<JournalHead> {
    this.#sendMarks();
    return this.#line.ask("head", null);
  }

  settle(fates: readonly RowFate[]): void {
    this.#marks.settle(fates);
    this.#remind();
  }

  confirm(stream: string, upto: number): void {
    this.#marks.confirm(stream, upto);
    this.#remind();
  }

  resend(): Promise<{ queued: number }> {
    return Promise.reject(unfinished());
  }

  resendUnconfirmed(): Promise<{ queued: number }> {
    return Promise.reject(unfinished());
  }

  repairTime(): Promise<Repaired> {
    return Promise.reject(unfinished());
  }

  witness(): Promise<boolean> {
    return Promise.reject(unfinished());
  }

  usage(): Promise<JournalUsage> {
    return Promise.reject(unfinished());
  }

  onCommitted(listener: () => void): void {
    this.#listeners.push(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#send();
    if (!this.#line.isDegraded && !(this.#cargo === undefined && this.#queue.isEmpty))
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    this.#sendMarks();
    await this.#line.end();
    for (const step of this.#cargo?.steps ?? []) step.settled(closed());
    this.#queue.refuseAll(closed());
  }

  #send(): void {
    if (this.#cargo !== undefined) return;
    const cargo = this.#queue.take(this.#head);
    if (cargo === undefined) {
      this.#drained?.();
      return;
    }
    this.#cargo = cargo;
    if (isBarrier(cargo.batch)) {
      this.#arrived(cargo, cargo.expected);
      return;
    }
    const batch = this.#marks.isEmpty ? cargo.batch : { ...cargo.batch, marks: this.#marks.take() };
    this.#line.ask("batch", batch).then(
      ({ head }) => this.#arrived(cargo, head),
      // Only the end of the line rejects; close() tells the steps.
      () => undefined,
    );
  }

  #arrived(cargo: Cargo, head: number): void {
    this.#cargo = undefined;
    if (head !== cargo.expected) {
      // A new stream began: nothing of this batch is in it.
      this.#head = head;
      this.#queue.putBack(cargo);
      this.#send();
      return;
    }
    this.#head = head;
    tellSteps(cargo);
    this.#send();
    if (cargo.batch.entries.length > 0) this.#tellListeners();
  }

  #opened({ stream, head }: Opened): void {
    const renewed = this.#stream !== "" && stream !== this.#stream;
    if (stream !== this.#stream) {
      this.#stream = stream;
      this.#marks.begin(stream);
      // A batch on its way still carries the old head, and comes back unwritten.
      this.#head = head;
    }
    if (renewed) this.#tellListeners();
  }

  /** After the promises: whoever waits for a commit acknowledges before the uplink looks. */
  #tellListeners(): void {
    setImmediate(() => {
      for (const listener of this.#listeners) listener();
    });
  }

  #remind(): void {
    if (this.#marks.isEmpty || this.#timer !== undefined || this.#closing !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#sendMarks();
    }, MARKS_MS);
  }

  #sendMarks(): void {
    if (this.#marks.isEmpty || this.#marking) return;
    this.#marking = true;
    this.#line.ask("marks", this.#marks.take()).then(
      () => {
        this.#marking = false;
        this.#remind();
      },
      () => undefined,
    );
  }
}

function closed(): Fault {
  return new Fault("JOURNAL_CLOSED", "the journal is closed");
}

/** What the next commits bring. */
function unfinished(): Fault {
  return new Fault("JOURNAL_CLOSED", "the journal cannot do this yet");
}
