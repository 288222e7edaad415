// What the broker remembers of this device, retained: asked for before anything is sent on a connection.
import { z } from "zod";
import type { Incoming } from "./connection.ts";
import type { Topics } from "./topics.ts";

const Delivery = z.object({ stream: z.uuid(), head: z.int().min(0) });
const Status = z.object({ state: z.string(), conn: z.int(), boot: z.string(), time: z.string() });
export type Status = z.infer<typeof Status>;

export interface Remembered {
  /** The stream of `state/delivery` and its head: a witness against a journal that is an old copy. */
  readonly delivery?: z.infer<typeof Delivery>;
  /** The last `status` under this name. */
  readonly status?: Status;
}

/**
 * Listens to `state/delivery` and `status` of this device. A broker sends what it kept before what is published later,
 * so everything is known when the device's own `status` comes back.
 */
export class BrokerMemory {
  readonly #topics: Pick<Topics, "delivery" | "status">;
  readonly #conn: number;
  readonly #boot: string;
  readonly #overwritten: () => void;
  #delivery: z.infer<typeof Delivery> | undefined;
  #status: Status | undefined;
  #heard = false;
  #whenHeard: () => void = () => undefined;

  /** @param overwritten a `status` that is not this connection's came after its own: a last will that was late */
  constructor(
    topics: Pick<Topics, "delivery" | "status">,
    own: { readonly conn: number; readonly boot: string },
    overwritten: () => void,
  ) {
    this.#topics = topics;
    this.#conn = own.conn;
    this.#boot = own.boot;
    this.#overwritten = overwritten;
  }

  /** @returns true where the message was for this listener */
  receive({ topic, payload }: Incoming): boolean {
    if (topic === this.#topics.delivery) {
      this.#delivery = parsed(Delivery, payload) ?? this.#delivery;
      return true;
    }
    if (topic !== this.#topics.status) return false;
    const status = parseStatus(payload);
    const own = status?.state === "online" && status.conn === this.#conn && status.boot === this.#boot;
    if (own) {
      this.#heard = true;
      this.#whenHeard();
    } else if (this.#heard) this.#overwritten();
    else this.#status = status ?? this.#status;
    return true;
  }

  /**
   * What there was, once the device's own `status` came back; after `ms` at the latest.
   * @param granted false where the broker does not let this device read: then there is nothing to wait for
   */
  async remembered(granted: Promise<boolean>, ms: number, signal: AbortSignal): Promise<Remembered> {
    if (!this.#heard && !signal.aborted)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        const end = (): void => {
          clearTimeout(timer);
          resolve();
        };
        this.#whenHeard = end;
        signal.addEventListener("abort", end, { once: true });
        void granted.then((may) => (may ? undefined : end()));
      });
    return {
      ...(this.#delivery === undefined ? {} : { delivery: this.#delivery }),
      ...(this.#status === undefined ? {} : { status: this.#status }),
    };
  }
}

/** The `status` in a payload; undefined for what is none. */
export function parseStatus(payload: Buffer): Status | undefined {
  return parsed(Status, payload);
}

function parsed<T>(schema: z.ZodType<T>, payload: Buffer): T | undefined {
  try {
    return schema.safeParse(JSON.parse(payload.toString("utf8"))).data;
  } catch {
    return undefined;
  }
}
