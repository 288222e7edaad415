// Settings of commands from the broker: who may give which, by which key, and which are taken signed only.
import { z } from "zod";
import { COMMANDS, type CommandName } from "../words/commands.ts";

/** SubjectPublicKeyInfo of an Ed25519 key (RFC 8410): twelve bytes that are always the same, then the key's 32. */
const SPKI = /^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$/;

const names = Object.keys(COMMANDS) as [CommandName, ...CommandName[]];
const name = z.enum(names);

const Principal = z.strictObject({
  name: z.string().min(1).max(64).describe("what `by` of his commands says"),
  publicKey: z
    .string()
    .regex(SPKI, "no Ed25519 public key: give the line that `touchpoint mqtt keygen` prints")
    .optional()
    .describe("his Ed25519 public key: then each of his commands must be signed. One line, as `mqtt keygen` prints it"),
  may: z
    .array(z.union([name, z.literal("*")]))
    .min(1)
    .describe("names of the commands he may give; `*`: all"),
});

export const CommandsConfig = z
  .strictObject({
    principals: z
      .array(Principal)
      .max(100)
      .refine((all) => new Set(all.map((one) => one.name)).size === all.length, "two have one name")
      .default([])
      .describe("who may give commands; none: whoever may publish to the topic, but for those under `signed`"),
    signed: z
      .array(name)
      .default(names.filter((one) => "signed" in COMMANDS[one]))
      .describe("commands that are taken only with the signature of a principal who has a key"),
  })
  .describe("commands that come by the broker: see docs/commands.md");
export type CommandsConfig = z.infer<typeof CommandsConfig>;
