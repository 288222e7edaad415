// The signature of a command: over its body together with its name and the device it is for. Ed25519, RFC 8032. Pure.
import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { canonicalJson } from "../config/canonical.ts";

/** The device a command is for. */
export interface Place {
  readonly site: string;
  readonly device: string;
}

/**
 * What is signed: canonical JSON (RFC 8785), in UTF-8, of the body without `sig` and of all that its topic says. So a
 * signed command is good for no other device and under no other name, and the signature for nothing that is no command.
 * @param body as JSON.parse gave it: also fields that nobody knows are signed
 * @throws RangeError where it is nested by thousands
 */
export function signedBytes({ site, device }: Place, command: string, body: Readonly<Record<string, unknown>>): Buffer {
  const { sig: _, ...rest } = body;
  return Buffer.from(canonicalJson({ touchpoint: "command", site, device, command, body: rest }), "utf8");
}

/** The signature, 64 bytes in Base64 (88 characters). @param key an Ed25519 private key */
export function signCommand(
  key: KeyObject,
  place: Place,
  command: string,
  body: Readonly<Record<string, unknown>>,
): string {
  return sign(null, signedBytes(place, command, body), key).toString("base64");
}

/** Whether `sig` of a body is that of the key's owner for this device and command. Throws nothing, whatever came. */
export function isSignedBy(
  key: KeyObject,
  place: Place,
  command: string,
  body: Readonly<Record<string, unknown>>,
): boolean {
  if (typeof body.sig !== "string") return false;
  const sig = Buffer.from(body.sig, "base64");
  // One text for one signature: Base64 leaves room for others, and Node reads them all.
  if (sig.toString("base64") !== body.sig) return false;
  try {
    return verify(null, signedBytes(place, command, body), key, sig);
  } catch {
    // Nested too deep to be written once more.
    return false;
  }
}

/** @param spki Base64 of a SubjectPublicKeyInfo, as the configuration has it */
export function publicKeyOf(spki: string): KeyObject {
  return createPublicKey({ key: Buffer.from(spki, "base64"), format: "der", type: "spki" });
}

/** One line for the configuration. @param key an Ed25519 key, public or private */
export function publicKeyLine(key: KeyObject): string {
  const own = key.type === "private" ? createPublicKey(key) : key;
  return own.export({ format: "der", type: "spki" }).toString("base64");
}
