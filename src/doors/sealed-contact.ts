// The sealed form of a call-back contact, byte by byte as docs/callback.md says it: sealed here, opened at the server.
import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { open, seal } from "./hpke.ts";

const FORMAT = 1;
/** Every contact is filled up with spaces to this length, so that its length tells nothing of it. Bytes. */
const PLAINTEXT_BYTES = 768;

/** UTF-8 of at most 600 bytes, or 400 where JSON escapes it: with the rest it stays below `PLAINTEXT_BYTES`. */
const text = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, "no control characters");
const language = z.string().regex(/^[A-Za-z0-9-]{1,16}$/, "not a language tag such as en or pt-BR");

/** What is sealed. */
export const Contact = z.strictObject({
  contact: text.describe("telephone number, address or name as the customer wrote it"),
  language: language.optional().describe("language the customer wants to be spoken to in, such as en"),
});
export type Contact = z.infer<typeof Contact>;

/** What a sealed contact is bound to: under other words it does not open. */
export interface Binding {
  /** Id of the server's key. */
  readonly key: string;
  readonly device: string;
  readonly touchpoint: string;
}

/** base64url of: format (1 byte), encapsulated key (32), ciphertext (768), tag (16). */
export function sealContact(publicKey: KeyObject, binding: Binding, { contact, language: spoken }: Contact): string {
  const json = JSON.stringify({ contact, ...(spoken === undefined ? {} : { language: spoken }) });
  const plaintext = Buffer.alloc(PLAINTEXT_BYTES, " ");
  plaintext.write(json, "utf8");
  const sealed = seal(publicKey, infoOf(binding), plaintext);
  plaintext.fill(0);
  return Buffer.concat([Buffer.from([FORMAT]), sealed]).toString("base64url");
}

/** @throws Error where it is of another format, for another key or binding, or was changed */
export function openContact(privateKey: KeyObject, binding: Binding, sealed: string): Contact {
  const bytes = Buffer.from(sealed, "base64url");
  if (bytes[0] !== FORMAT) throw new Error(`sealed in format ${bytes[0]}, this program knows ${FORMAT}`);
  return Contact.parse(JSON.parse(open(privateKey, infoOf(binding), bytes.subarray(1)).toString("utf8")));
}

/** None of the parts can hold a line break, so that no two bindings give the same bytes. */
function infoOf({ key, device, touchpoint }: Binding): Buffer {
  return Buffer.from(`touchpoint callback v${FORMAT}\n${key}\n${device}\n${touchpoint}`, "utf8");
}
