// Hands each change of an alert to every receiver that wants it; returns at once, whatever they do.
import type { NotifySettings } from "../config/notify.ts";
import type { BackoffSettings } from "../supervise/backoff.ts";
import type { StageReport } from "../supervise/keep-running.ts";
import type { Fault } from "../words/errors.ts";
import type { Stamped } from "../words/events.ts";
import { AlertData } from "../words/feedback.ts";
import { startWebhook } from "./webhook.ts";

export interface NotifyDeps {
  /** Aborted when the agent stops: what was not told yet is told again after the next start. */
  readonly signal: AbortSignal;
  readonly report: (stage: string) => StageReport;
  readonly dropped: (stage: string, fault: Fault) => void;
  readonly backoff?: BackoffSettings;
  readonly random?: () => number;
}

export interface Notify {
  /** @param event an alert; others are not told */
  tell(event: Stamped): void;
  /** Resolves when all receivers have ended after the abort. */
  readonly ended: Promise<void>;
}

export function startNotify({ webhooks }: NotifySettings, deps: NotifyDeps): Notify {
  const { signal, backoff, random = Math.random } = deps;
  const running = webhooks.map((config) => {
    const stage = `webhook:${config.id}`;
    const webhook = startWebhook(config, {
      signal,
      report: deps.report(stage),
      dropped: (fault) => deps.dropped(stage, fault),
      random,
      ...(backoff === undefined ? {} : { backoff }),
    });
    return { states: config.states, webhook };
  });
  return {
    tell(event) {
      const alert = AlertData.safeParse(event.data);
      if (event.type !== "alert" || !alert.success) return;
      const { key, rev, state } = alert.data;
      for (const { states, webhook } of running)
        if (states.includes(state)) webhook.tell({ key, rev, json: JSON.stringify(event) });
    },
    ended: Promise.all(running.map(({ webhook }) => webhook.ended)).then(() => undefined),
  };
}
