// Tells programs and servers of presence: one at a time for each receiver, and always the newest word.
import type { PresenceReceiver } from "../config/presence.ts";
import { type BackoffSettings, backoffMs, DEFAULT_BACKOFF, pause } from "../supervise/backoff.ts";
import type { StageReport } from "../supervise/keep-running.ts";
import { asFault, Fault } from "../words/errors.ts";
import type { Presence } from "../words/presence.ts";
import { postJson } from "./post.ts";
import { runCommand } from "./run-command.ts";

/** How long a stop waits for what is still being told, milliseconds. */
const STOP_MS = 2_000;

export interface PresenceDeps {
  readonly site: string;
  readonly device: string;
  /** Aborted when the agent stops: what is known then is still told once. */
  readonly signal: AbortSignal;
  readonly report: (stage: string) => StageReport;
  /** Counts after the act: `told`, `failed`, and `overtaken` words that a newer one came before. */
  readonly count: (stage: string, counter: string) => void;
  readonly backoff?: BackoffSettings;
  readonly random?: () => number;
}

export interface PresenceNotify {
  /** Never waits, never throws. */
  tell(touchpoint: string, presence: Presence): void;
  /** Resolves when all receivers have ended after the abort. */
  readonly ended: Promise<void>;
}

/** What a receiver gets. It is told of changes only, so no `validUntil`: what it heard last holds until it hears more. */
type Word = Omit<Presence, "validUntil"> & { readonly touchpoint: string };

/** Starts every receiver; faults are PRESENCE_FAILED or CONFIG_SECRET and name the receiver, never address or token. */
export function startPresenceNotify(receivers: readonly PresenceReceiver[], deps: PresenceDeps): PresenceNotify {
  const running = receivers.map((receiver) => ({ receiver, loop: startReceiver(receiver, deps) }));
  return {
    tell(touchpoint, { validUntil: _validUntil, ...presence }) {
      for (const { receiver, loop } of running)
        if (receiver.touchpoints.length === 0 || receiver.touchpoints.includes(touchpoint))
          loop.tell({ touchpoint, ...presence });
    },
    ended: Promise.all(running.map(({ loop }) => loop.ended)).then(() => undefined),
  };
}

function startReceiver(
  receiver: PresenceReceiver,
  deps: PresenceDeps,
): { tell: (word: Word) => void; ended: Promise<void> } {
  const { signal, random = Math.random, backoff = DEFAULT_BACKOFF } = deps;
  const stage = `presence:${receiver.id}`;
  const report = deps.report(stage);
  /** By touchpoint: a word that a newer one overtook is no news to anybody. */
  const waiting = new Map<string, Word>();
  let news = new AbortController();
  const last = new AbortController();
  const stopping = (): void => {
    news.abort();
    setTimeout(() => last.abort(), STOP_MS).unref();
  };
  signal.addEventListener("abort", stopping, { once: true });

  const run = async (): Promise<void> => {
    report("ok");
    let failures = 0;
    for (;;) {
      const [word] = waiting.values();
      if (word === undefined) {
        if (signal.aborted) break;
        await heard(news.signal);
        news = new AbortController();
        continue;
      }
      waiting.delete(word.touchpoint);
      const failed = await carryOut(receiver, word, deps, last.signal);
      if (failed === undefined) {
        failures = 0;
        deps.count(stage, "told");
        report("ok");
        continue;
      }
      failures += 1;
      deps.count(stage, "failed");
      report("degraded", failed.fault);
      if (failed.final || signal.aborted) continue;
      if (waiting.has(word.touchpoint)) continue;
      waiting.set(word.touchpoint, word);
      await pause(backoffMs(failures, backoff, random()), AbortSignal.any([signal, news.signal]));
      if (!signal.aborted) news = new AbortController();
    }
    report("stopped");
  };
  return {
    tell(word) {
      if (waiting.has(word.touchpoint)) deps.count(stage, "overtaken");
      waiting.set(word.touchpoint, word);
      news.abort();
    },
    ended: run(),
  };
}

async function heard(news: AbortSignal): Promise<void> {
  if (news.aborted) return;
  await new Promise<void>((resolve) => news.addEventListener("abort", () => resolve(), { once: true }));
}

/** @returns what went wrong, and whether another attempt could change it; undefined where it was told */
async function carryOut(
  receiver: PresenceReceiver,
  word: Word,
  { site, device }: PresenceDeps,
  signal: AbortSignal,
): Promise<{ fault: Fault; final: boolean } | undefined> {
  const failed = (reason: string, final: boolean) => ({
    fault: new Fault("PRESENCE_FAILED", `presence receiver ${receiver.id}${reason}`),
    final,
  });
  try {
    switch (receiver.kind) {
      case "http": {
        const posted = await postJson(receiver, JSON.stringify({ site, device, ...word }), {}, signal);
        return posted.taken ? undefined : failed(posted.reason, posted.final);
      }
      case "command": {
        const reason = await runCommand(receiver, environmentOf(word), signal);
        return reason === undefined ? undefined : failed(`: ${reason}`, false);
      }
      default:
        return receiver satisfies never;
    }
  } catch (thrown) {
    return { fault: asFault(thrown, "PRESENCE_FAILED"), final: false };
  }
}

/** `PRESENCE_OCCUPIED` is `true`, `false` or `unknown`. */
function environmentOf({ touchpoint, occupied, people, since, time, clock }: Word): Record<string, string> {
  return {
    PRESENCE_TOUCHPOINT: touchpoint,
    PRESENCE_OCCUPIED: occupied === null ? "unknown" : String(occupied),
    PRESENCE_PEOPLE: people === null ? "unknown" : String(people),
    PRESENCE_SINCE: since,
    PRESENCE_TIME: time,
    PRESENCE_CLOCK: clock,
  };
}
