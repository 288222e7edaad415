// The words of fleet settings that come by the topic `config`, and of the answer in `state/config`.
import { z } from "zod";
import { instant } from "./instant.ts";

const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "use the SHA-256 in 64 small hex digits")
  .describe("SHA-256, hex, over `fleet` in the form of RFC 8785 (JSON Canonicalization Scheme), UTF-8");
const version = z.int().min(1).describe("rises with each document for this device");

/** `config`: what the central server wants. Open: fields beside these are ignored; inside `fleet` unknown keys are mistakes. */
export const DesiredSettings = z.object({
  version,
  hash,
  by: z.string().min(1).max(200).describe("who asks, for the record"),
  fleet: z
    .record(z.string(), z.unknown())
    .describe("the part `fleet` of the configuration file, whole; what is left out takes its default"),
});
export type DesiredSettings = z.infer<typeof DesiredSettings>;

/** `file`: the device's own file holds; the others say what became of the document that came last. */
export const SETTINGS_STATES = ["file", "trial", "applied", "refused", "rolled-back"] as const;

/** `state/config`: the answer. */
export const SettingsState = z.object({
  state: z
    .enum(SETTINGS_STATES)
    .describe("`file`: those of the device's own file hold; else what became of the document that came last"),
  version: z.int().optional().describe("of the document that came last, where it could be read"),
  hash: z.string().optional(),
  reasons: z.array(z.string()).describe("why it was refused or rolled back, `path: sentence` where a place is meant"),
  since: instant,
  running: z
    .object({ version: z.int().min(0), hash: z.string() })
    .describe("what is in force; version 0 is the device's own file, its hash taken with every default written out"),
});
export type SettingsState = z.infer<typeof SettingsState>;
