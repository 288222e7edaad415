// One webhook: a bounded queue, one POST at a time, in order, tried again with jittered back-off until it is taken.
import type { WebhookConfig } from "../config/notify.ts";
import { type BackoffSettings, backoffMs, DEFAULT_BACKOFF, pause } from "../supervise/backoff.ts";
import type { StageReport } from "../supervise/keep-running.ts";
import { asFault, Fault } from "../words/errors.ts";
import { postJson } from "./post.ts";

/** Most notices that wait for one receiver. */
export const MOST_WAITING = 100;

export interface Notice {
  /** Same key and rev: the same notice, told again. */
  readonly key: string;
  readonly rev: number;
  readonly json: string;
}

export interface WebhookDeps {
  readonly signal: AbortSignal;
  readonly report: StageReport;
  readonly dropped: (fault: Fault) => void;
  readonly random: () => number;
  readonly backoff?: BackoffSettings;
}

export interface Webhook {
  /** Queues a notice; never waits, never throws. */
  tell(notice: Notice): void;
  readonly ended: Promise<void>;
}

/** Starts to deliver; faults are WEBHOOK_FAILED or CONFIG_SECRET and name the webhook, never its address or token. */
export function startWebhook(config: WebhookConfig, deps: WebhookDeps): Webhook {
  const { signal, report, dropped } = deps;
  const waiting: Notice[] = [];
  let wake = (): void => undefined;
  signal.addEventListener("abort", () => wake(), { once: true });

  const run = async (): Promise<void> => {
    report("ok");
    let failures = 0;
    while (!signal.aborted) {
      const [notice] = waiting;
      if (notice === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      try {
        const refused = await post(config, notice, signal);
        remove(waiting, notice);
        failures = 0;
        if (refused === undefined) report("ok");
        else {
          dropped(refused);
          report("degraded", refused);
        }
      } catch (thrown) {
        if (signal.aborted) break;
        failures += 1;
        report("degraded", asFault(thrown, "WEBHOOK_FAILED"));
        await pause(backoffMs(failures, deps.backoff ?? DEFAULT_BACKOFF, deps.random()), signal);
      }
    }
    report("stopped");
  };

  return {
    tell(notice) {
      waiting.push(notice);
      if (waiting.length > MOST_WAITING) {
        // The first is on its way. What a later word on the same alert overtook is missed least.
        const overtaken = waiting.slice(1).find(({ key, rev }) => waiting.some((b) => b.key === key && b.rev > rev));
        const victim = overtaken ?? waiting[1];
        if (victim !== undefined) remove(waiting, victim);
        dropped(new Fault("WEBHOOK_FAILED", `webhook ${config.id}: too many alerts wait, one was dropped`));
      }
      wake();
    },
    ended: run(),
  };
}

function remove(waiting: Notice[], notice: Notice): void {
  const at = waiting.indexOf(notice);
  if (at >= 0) waiting.splice(at, 1);
}

/** @returns the fault of a notice that is refused for good. @throws Fault where another attempt may succeed */
async function post(config: WebhookConfig, notice: Notice, signal: AbortSignal): Promise<Fault | undefined> {
  const posted = await postJson(config, notice.json, { "idempotency-key": `${notice.key}.${notice.rev}` }, signal);
  if (posted.taken) return undefined;
  const fault = new Fault("WEBHOOK_FAILED", `webhook ${config.id}${posted.reason}`);
  if (posted.final) return fault;
  throw fault;
}
