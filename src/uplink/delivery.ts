// Tells how far delivery has come (`state/delivery`): on connect and when changed, at most once in a while.
import type { Journal } from "../journal/journal.ts";
import type { DeliveryMessage } from "../words/topics.ts";

export interface DeliveryState {
  /** Something was committed or settled: say so when it is due. */
  changed(): void;
  /** Says what there is to say now. */
  flush(): Promise<void>;
  stop(): void;
}

/**
 * @param post publishes the JSON, retained
 * @param everyMs least time between two publishes, milliseconds
 */
export function watchDelivery(
  journal: Pick<Journal, "head">,
  post: (json: string) => void,
  everyMs: number,
): DeliveryState {
  let timer: NodeJS.Timeout | undefined;
  let lastMs = Number.NEGATIVE_INFINITY;
  let last = "";
  let stopped = false;

  const say = async (): Promise<void> => {
    const { stream, head, done } = await journal.head();
    const json = JSON.stringify({ stream, head, done } satisfies DeliveryMessage);
    if (stopped || json === last) return;
    last = json;
    lastMs = performance.now();
    post(json);
  };
  return {
    changed() {
      if (timer !== undefined || stopped) return;
      const dueMs = Math.max(0, lastMs + everyMs - performance.now());
      timer = setTimeout(() => {
        timer = undefined;
        // A journal that cannot be read is reported by the journal itself.
        say().catch(() => undefined);
      }, dueMs);
    },
    flush: say,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
