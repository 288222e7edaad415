// The journal in the main thread: gathers steps into batches, one on its way at a time, and never touches the disk.
import type { BackoffSettings } from "../supervise/backoff.ts";
import type { StageReport } from "../supervise/keep-running.ts";
import type { ErasedData, ErasureOrder } from "../words/erased.ts";
import { Fault } from "../words/errors.ts";
import type { Stamped } from "../words/events.ts";
import { carryOut } from "./carry-out.ts";
import { watchOver } from "./check.ts";
import { rowsOf } from "./columns.ts";
import {
  AGAIN_LANE,
  type BootSpan,
  type Committed,
  type Erasing,
  type Journal,
  type JournalHead,
  type JournalUsage,
  type OutboxRow,
  type Repaired,
  type RowFate,
  type Step,
} from "./journal.ts";
import { ThreadLine } from "./line.ts";
import { MarkBuffer } from "./marks.ts";
import type { Exchange, Opened, Quota } from "./protocol.ts";
import {
  type Cargo,
  DEFAULT_BOUNDS,
  type Erasure,
  isBarrier,
  type QueueBounds,
  StepQueue,
  tellSteps,
} from "./queue.ts";
import { type Gap, LOW_VALUE } from "./retention.ts";

/** Longest time a mark waits for a commit to ride along with, milliseconds. */
const MARKS_MS = 250;
/** A press waits for the disk: after a failure it is tried again soon, and at least every five seconds. */
const BACKOFF: BackoffSettings = { firstMs: 200, maxMs: 5_000, stableAfterMs: 0 };

const LOOK_MS = 5_000;
/** How often it is looked for what expired, milliseconds. */
const EXPIRE_MS = 30_000;
/** Numbers that one request to send again looks through. */
const RESEND_SEQS = 5_000;
/** Without settings of its own a journal keeps what the configuration's defaults say, and no reserve. */
const DEFAULT_QUOTA: Quota = { maxBytes: 536_870_912, maxAgeMs: 90 * 86_400_000, reserveBytes: 0 };

export interface JournalSettings {
  /** Path of the database; its folder is made where it is missing. */
  readonly file: string;
  /** The compiled thread.js. */
  readonly threadUrl: URL;
  /** Identity of this machine, see `readMachine`; empty where it is unknown. */
  readonly machine: string;
  /** Name of this device, as its events carry it. */
  readonly device?: string;
  /** The compiled check-file.js; without it a file that was not closed is not checked as a whole. */
  readonly checkUrl?: URL;
  readonly quota?: Quota;
  /** Longest time that a step of low value waits for others, milliseconds; none by default. */
  readonly batchMs?: number;
  /** Makes the event that owns a loss. */
  readonly gap: (data: Gap) => Stamped;
  /** Makes the event that owns an erasure; without it nothing can be erased. */
  readonly erased?: (data: ErasedData) => Stamped;
  /** Wall clock, for what expires and for the name of a file that is set aside. */
  readonly now: () => Date;
  readonly report: StageReport;
  readonly bounds?: QueueBounds;
  readonly backoff?: BackoffSettings;
  readonly random?: () => number;
  /** How often it is looked whether the disk still answers, milliseconds; two looks in vain are reported. */
  readonly lookMs?: number;
  /** How often it is looked for what expired, milliseconds. */
  readonly expireMs?: number;
}

/**
 * Opens the journal in a thread of its own. A damaged file, or one of another machine, is set aside and reported.
 * @throws Fault JOURNAL_OPEN, JOURNAL_FULL, JOURNAL_LOCKED (try again later) or JOURNAL_NEWER
 */
export async function openJournal(settings: JournalSettings): Promise<Journal & Erasing> {
  const journal = new ThreadedJournal(settings);
  await journal.start();
  return journal;
}

class ThreadedJournal implements Journal, Erasing {
  readonly #line: ThreadLine;
  readonly #queue: StepQueue;
  readonly #marks = new MarkBuffer();
  readonly #batchMs: number;
  readonly #checkUrl: URL | undefined;
  readonly #file: string;
  readonly #listeners: (() => void)[] = [];
  #stream = "";
  #head = 0;
  /** The batch on its way: what it becomes is known before the next leaves, so that no step is written twice. */
  #cargo: Cargo | undefined;
  #marking = false;
  /** Something waits that is not to wait for company. */
  #due = false;
  #batching: NodeJS.Timeout | undefined;
  /** What another memory of the stream says; only until the file was set aside. */
  #remembered: { stream: string; head: number } | undefined;
  /** Places in the lanes grow from one file to the next: this was given before the present one. */
  #base = 0;
  #given = 0;
  #givenAgain = 0;
  #planning = false;
  readonly #now: () => Date;
  readonly #erased: ((data: ErasedData) => Stamped) | undefined;
  readonly #expireMs: number;
  #expiring: NodeJS.Timeout | undefined;
  #check: (() => Promise<void>) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #drained: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(settings: JournalSettings) {
    this.#batchMs = settings.batchMs ?? 0;
    this.#checkUrl = settings.checkUrl;
    this.#file = settings.file;
    this.#now = settings.now;
    this.#erased = settings.erased;
    this.#expireMs = settings.expireMs ?? EXPIRE_MS;
    this.#queue = new StepQueue(settings.bounds ?? DEFAULT_BOUNDS, settings.gap);
    this.#line = new ThreadLine({
      threadUrl: settings.threadUrl,
      opening: () => ({
        file: settings.file,
        machine: settings.machine,
        device: settings.device,
        quota: settings.quota ?? DEFAULT_QUOTA,
        againAfter: this.#givenAgain,
        remembered: this.#remembered,
        stamp: settings.now().toISOString().replace(/[-:.]/g, ""),
        ...(this.#stream === "" ? {} : { expect: { stream: this.#stream, head: this.#head } }),
      }),
      opened: (opened) => this.#opened(opened),
      over: () => void this.#drop("plan", null),
      low: (low) => {
        this.#queue.low = low;
      },
      report: (state, fault) => {
        settings.report(state, fault);
        if (state === "degraded") this.#drained?.();
      },
      backoff: settings.backoff ?? BACKOFF,
      random: settings.random ?? Math.random,
      lookMs: settings.lookMs ?? LOOK_MS,
    });
  }

  async start(): Promise<void> {
    await this.#line.start();
    // At once too: what expired while the device was off is not sent.
    await this.#expire();
    this.#expiring = setInterval(() => void this.#expire(), this.#expireMs).unref();
  }

  commit(step: Step): Promise<Committed> {
    return this.#commit(step);
  }

  async #commit(step: Step, erasure?: Erasure): Promise<Committed> {
    if (this.#closing !== undefined) throw closed();
    const outcome = new Promise<Committed>((resolve, reject) => {
      this.#queue.add(step, (settled) => (settled instanceof Fault ? reject(settled) : resolve(settled)), erasure);
    });
    if (this.#batchMs > 0 && isOfLowValue(step)) this.#batching ??= setTimeout(() => this.#hurry(), this.#batchMs);
    else this.#hurry();
    return outcome;
  }

  kept(prefix: string): Promise<Record<string, unknown>> {
    return this.#line.ask("kept", { prefix });
  }

  async waiting(lane: number, after: number, limit: number): Promise<OutboxRow[]> {
    this.#sendMarks();
    const stream = this.#stream;
    const columns = await this.#line.ask("waiting", { lane, after: Math.max(0, after - this.#base), limit });
    // Another file was asked than the one that the place was meant for.
    if (stream !== this.#stream) return this.waiting(lane, this.#base, limit);
    const placed = rowsOf(columns, this.#base);
    const last = placed.at(-1)?.at ?? 0;
    this.#given = Math.max(this.#given, last);
    if (lane === AGAIN_LANE) this.#givenAgain = Math.max(this.#givenAgain, last - this.#base);
    return placed;
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

  async resend(from: number, to: number): Promise<{ queued: number }> {
    this.#sendMarks(true);
    let queued = 0;
    // In parts, so that a press that comes meanwhile does not wait for all of them.
    for (let at = from; at <= Math.min(to, this.#head); at += RESEND_SEQS) {
      const part = await this.#line.ask("resend", { from: at, to: Math.min(to, at + RESEND_SEQS - 1) });
      queued += part.queued;
      this.#tellListeners();
    }
    return { queued };
  }

  async resendUnconfirmed(olderThanMs: number, limit: number): Promise<{ queued: number }> {
    this.#sendMarks(true);
    const { queued } = await this.#line.ask("unconfirmed", { olderThanMs, limit });
    if (queued > 0) this.#tellListeners();
    return { queued };
  }

  async repairTime(boot: string, offsetMs: number, span: BootSpan = {}): Promise<Repaired> {
    let corrected = 0;
    let alreadySent = 0;
    for (let before: number | null = Number.MAX_SAFE_INTEGER; before !== null; ) {
      const begun = before !== Number.MAX_SAFE_INTEGER;
      const part: Exchange["repair"]["answer"] = await this.#line.ask("repair", {
        boot,
        offsetMs,
        span,
        before,
        begun,
      });
      corrected += part.corrected;
      alreadySent += part.alreadySent;
      before = part.next;
    }
    return { corrected, alreadySent };
  }

  async witness(stream: string, head: number): Promise<boolean> {
    const { old } = await this.#line.ask("witness", { stream, head });
    if (!old || stream !== this.#stream) return false;
    this.#remembered = { stream, head };
    this.#line.renew("an older copy of the journal was put back");
    // Answered by the thread that has the new file open.
    await this.#line.ask("head", null);
    return this.#stream !== stream;
  }

  async erase(order: ErasureOrder, also: Parameters<Erasing["erase"]>[1]): Promise<{ count: number }> {
    const erased = this.#erased;
    if (erased === undefined) throw new TypeError("this journal was opened by somebody who cannot stamp an erasure");
    return carryOut(order, also, {
      ask: (verb, body) => this.#line.ask(verb, body),
      commit: (step, erasure) => this.#commit(step, erasure),
      stamp: erased,
    });
  }

  usage(): Promise<JournalUsage> {
    return this.#line.ask("usage", null);
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
    clearInterval(this.#expiring);
    await this.#check?.();
    this.#queue.low = false;
    this.#hurry();
    if (!this.#line.isDegraded && !(this.#cargo === undefined && this.#queue.isEmpty))
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    this.#sendMarks();
    await this.#line.end();
    for (const step of this.#cargo?.steps ?? []) step.settled(closed());
    this.#queue.refuseAll(closed());
  }

  /** What waits leaves now, or as soon as the batch on its way has arrived. */
  #hurry(): void {
    clearTimeout(this.#batching);
    this.#batching = undefined;
    this.#due = true;
    this.#send();
  }

  #send(): void {
    if (this.#cargo !== undefined || !this.#due) return;
    const cargo = this.#queue.take(this.#head);
    if (cargo === undefined) {
      this.#due = false;
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

  #opened({ stream, head, losses, unclean }: Opened): void {
    const renewed = this.#stream !== "" && stream !== this.#stream;
    if (stream !== this.#stream) {
      this.#stream = stream;
      this.#marks.follow(stream);
      // A batch on its way still carries the old head, and comes back unwritten.
      this.#head = head;
      this.#base = this.#given;
      this.#givenAgain = 0;
      this.#queue.drop(undefined);
    }
    this.#remembered = undefined;
    // A batch on its way owns some of them already.
    const owned = renewed ? [] : (this.#cargo?.losses ?? []);
    this.#queue.owe(losses.filter((loss) => !owned.some((one) => one.id === loss.id)));
    if (losses.length > 0) this.#hurry();
    if (renewed) this.#tellListeners();
    if (unclean && this.#checkUrl !== undefined && this.#check === undefined)
      this.#check = watchOver(this.#checkUrl, this.#file, (finding) => this.#line.renew(finding));
  }

  #expire(): Promise<void> {
    return this.#drop("expired", { nowMs: this.#now().getTime() });
  }

  /** Asks what is to go, because the journal is too long or it expired, and lets it go with the gaps that own it. */
  async #drop<V extends "plan" | "expired">(verb: V, body: Exchange[V]["request"]): Promise<void> {
    // What is on its way already would be planned, and owned, twice.
    if (this.#planning || this.#queue.isDropping || this.#cargo?.batch.drops !== undefined) return;
    this.#planning = true;
    const stream = this.#stream;
    const drop = await this.#line.ask(verb, body).catch(() => null);
    this.#planning = false;
    if (drop === null || stream !== this.#stream || this.#closing !== undefined) return;
    this.#queue.drop(drop);
    this.#hurry();
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

  /** @param now also while others are on their way: what is asked next must know of these */
  #sendMarks(now = false): void {
    if (this.#marks.isEmpty || (this.#marking && !now)) return;
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

function isOfLowValue(step: Step): boolean {
  return step.events.length > 0 && step.events.every((event) => LOW_VALUE.has(event.type));
}

function closed(): Fault {
  return new Fault("JOURNAL_CLOSED", "the journal is closed");
}
