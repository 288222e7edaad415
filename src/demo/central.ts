// Stands in for the central server: reads everything the broker passes on, as any subscriber would.
import mqtt from "mqtt";
import { z } from "zod";
import { Envelope } from "../words/events.ts";

export interface CentralListener {
  /** An event arrived; perhaps not for the first time. */
  event(event: Envelope): void;
  /** A retained state arrived: `status`, `state/health`, `state/delivery` … below the device's root. */
  state(name: string, value: unknown): void;
  /** Something arrived that is neither. */
  unreadable(topic: string): void;
}

export interface Central {
  /** Resolves when the device's last word is `offline`: everything it sent before has arrived too. Or when aborted. */
  offline(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const Status = z.looseObject({ state: z.enum(["online", "offline"]) });

/** Connects and subscribes. @throws Error when the broker does not answer */
export async function startCentral(url: string, listener: CentralListener): Promise<Central> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, clientId: "central-server", clean: true });
  // The library connects again by itself; without a listener an error would end the process.
  client.on("error", () => undefined);
  let state: "online" | "offline" | undefined;
  let changed: () => void = () => undefined;
  client.on("message", (topic, payload) => {
    const message = read(topic, payload);
    if (message === undefined) return listener.unreadable(topic);
    if ("event" in message) return listener.event(message.event);
    listener.state(message.name, message.value);
    if (message.name !== "status") return;
    state = Status.safeParse(message.value).data?.state;
    changed();
  });
  await client.subscribeAsync("touchpoint/v1/+/+/#", { qos: 1 });
  return {
    offline: (signal) =>
      new Promise((resolve) => {
        changed = () => {
          if (state === "offline" || signal.aborted) resolve();
        };
        signal.addEventListener("abort", () => changed(), { once: true });
        changed();
      }),
    close: () => client.endAsync(true),
  };
}

type Message = { readonly event: Envelope } | { readonly name: string; readonly value: unknown };

/** What a message says, or undefined where it is neither event nor state. */
export function read(topic: string, payload: Buffer): Message | undefined {
  const name = topic.split("/").slice(4).join("/");
  let value: unknown;
  try {
    value = JSON.parse(payload.toString("utf8"));
  } catch {
    return undefined;
  }
  if (!name.startsWith("event/")) return name === "" ? undefined : { name, value };
  const event = Envelope.safeParse(value);
  return event.success && name === `event/${event.data.type}` ? { event: event.data } : undefined;
}
