// The words of every topic but events and commands: presence of the device, delivery, states and the server's ack.
import { z } from "zod";
import { HealthData, MoodData } from "./events.ts";
import { DesiredSettings, SettingsState } from "./fleet-settings.ts";
import { instant } from "./instant.ts";
import { Presence } from "./presence.ts";

/** `status`: whether the device is there. The broker says `offline` for it where it went without a word. */
export const StatusMessage = z.object({
  state: z.enum(["online", "offline"]),
  conn: z.int().min(1).describe("counts connections: an `offline` with an older one is stale"),
  version: z.string().describe("of the program"),
  boot: z.string(),
  time: instant,
});
export type StatusMessage = z.infer<typeof StatusMessage>;

/** `state/delivery`: how far delivery has come. */
export const DeliveryMessage = z.object({
  stream: z.uuid(),
  head: z.int().min(0).describe("last seq that was given; 0 before the first"),
  done: z
    .int()
    .min(0)
    .describe("every seq up to it was acknowledged by the broker, refused by it for good, or is owned by a `gap`"),
});
export type DeliveryMessage = z.infer<typeof DeliveryMessage>;

/** `state/health`: every stage as it is now, and what was counted since the start. */
export const HealthMessage = z.object({
  stages: z.record(
    z.string(),
    z.object({
      state: HealthData.shape.state,
      since: instant,
      code: z.string().optional(),
      message: z.string().optional(),
      hint: z.string().optional(),
    }),
  ),
  counters: z.record(z.string(), z.number()),
});
export type HealthMessage = z.infer<typeof HealthMessage>;

/** `ack`: the server's word. Open: fields that this version does not know are ignored. */
export const Ack = z.object({
  stream: z.uuid(),
  upto: z.int().min(0).describe("the server has stored everything up to and including this seq"),
});
export type Ack = z.infer<typeof Ack>;

/** What a topic carries and how. `out` is from the device. */
export interface Topic {
  readonly direction: "out" | "in";
  readonly retained: boolean;
  readonly says: string;
  readonly schema: z.ZodType;
}

/** Topics of one schema each, by their name under the root; all at QoS 1. Events and commands: `events.ts`, `commands.ts`. */
export const TOPICS = {
  status: {
    direction: "out",
    retained: true,
    says: "Whether the device is there; also the last will.",
    schema: StatusMessage,
  },
  "state/delivery": {
    direction: "out",
    retained: true,
    says: "How far delivery has come.",
    schema: DeliveryMessage,
  },
  "state/health": { direction: "out", retained: true, says: "Stages and counters.", schema: HealthMessage },
  "state/mood": { direction: "out", retained: true, says: "The latest mood.", schema: MoodData },
  "state/presence/{touchpoint}": {
    direction: "out",
    retained: true,
    says: "Whether anybody is at a touchpoint now ([presence.md](presence.md)).",
    schema: Presence,
  },
  "state/config": {
    direction: "out",
    retained: true,
    says: "Which fleet settings are in force, and what became of those that came last.",
    schema: SettingsState,
  },
  config: {
    direction: "in",
    retained: true,
    says: "The fleet settings that are wanted, whole, at most 128 KiB; see [remote-config.md](remote-config.md).",
    schema: DesiredSettings,
  },
  ack: {
    direction: "in",
    retained: true,
    says: "The server has **stored** everything up to here.",
    schema: Ack,
  },
} as const satisfies Record<string, Topic>;
