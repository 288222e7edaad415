// The words of the inward side: what buttons and cameras say to a touchpoint, one zod schema each.
import { z } from "zod";
import { EXPRESSIONS } from "./events.ts";

/** Identity of a press on a pad with the contract's protocol; the same four values are the same press. */
export const PressRef = z.object({
  port: z.string(),
  pad: z.string(),
  session: z.string(),
  counter: z.int().min(0).max(65535),
});
export type PressRef = z.infer<typeof PressRef>;

/** A button went down. */
export const PressInput = z.object({
  kind: z.literal("press"),
  pad: z.string().describe("the pad's id in the configuration"),
  button: z.string(),
  atMs: z.number().describe("boottime milliseconds of the press itself, age already taken off"),
  ref: PressRef.optional(),
});
export type PressInput = z.infer<typeof PressInput>;

/** A pad said hello, or a reader read a code: kept for health and later use. */
export const PadHello = z.object({
  kind: z.literal("hello"),
  pad: z.string(),
  session: z.string(),
  firmware: z.string(),
  batteryPercent: z.int().min(0).max(100).optional(),
});
export type PadHello = z.infer<typeof PadHello>;

/** A code read by a barcode, card or badge reader. */
export const ScanInput = z.object({
  kind: z.literal("scan"),
  pad: z.string(),
  code: z.string().max(256),
  atMs: z.number(),
});
export type ScanInput = z.infer<typeof ScanInput>;

/** A button is stuck, chatters, or is well again. */
export const ButtonCondition = z.object({
  kind: z.literal("condition"),
  pad: z.string(),
  button: z.string(),
  condition: z.enum(["stuck", "chatter", "ok"]),
  atMs: z.number(),
});
export type ButtonCondition = z.infer<typeof ButtonCondition>;

/** Everything a pad can say. */
export type PadInput = PressInput | PadHello | ScanInput | ButtonCondition;

/** x, y, width, height; here as shares of the frame (0..1), origin top left. */
export const Box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
export type Box = z.infer<typeof Box>;

export const FaceSeen = z.object({
  box: Box,
  score: z.number().min(0).max(1),
  expression: z.partialRecord(z.enum(EXPRESSIONS), z.number()).optional(),
});
export type FaceSeen = z.infer<typeof FaceSeen>;
export const PersonSeen = z.object({ box: Box, score: z.number().min(0).max(1) });
export type PersonSeen = z.infer<typeof PersonSeen>;

/** One frame, as numbers: all that ever leaves the vision room. */
export const Seen = z.object({
  kind: z.literal("seen"),
  camera: z.string(),
  atMs: z.number().describe("boottime milliseconds when the frame arrived"),
  faces: z.array(FaceSeen),
  persons: z.array(PersonSeen),
});
export type Seen = z.infer<typeof Seen>;

/** A camera stopped or came back. While it is away nobody can say that a zone is empty. */
export const CameraState = z.object({
  kind: z.literal("camera"),
  camera: z.string(),
  live: z.boolean(),
  atMs: z.number(),
});
export type CameraState = z.infer<typeof CameraState>;

/** Time passed: dwell, grace and interval ends are decided on ticks. */
export interface Tick {
  readonly kind: "tick";
  readonly atMs: number;
}

/** Everything a touchpoint decides on. */
export type Input = PressInput | PadHello | ScanInput | ButtonCondition | Seen | CameraState | Tick;

/** What a pad's lamp, screen or beeper shows. `felt` at once, `thanks` only after the commit. */
export const INDICATIONS = ["off", "felt", "thanks", "attention", "error"] as const;
export type Indication = (typeof INDICATIONS)[number];
