// Settings of the call-back contact that a customer may leave, and the server's public key it is sealed to.
import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { Fault } from "../words/errors.ts";

export const CallbackConfig = z
  .strictObject({
    key: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/)
      .describe("id of the server's key, said in the event; give each new key a new one"),
    publicKeyFile: z
      .string()
      .min(1)
      .describe("file of the server's X25519 public key, PEM; the private one stays there"),
    keepHours: z
      .int()
      .min(1)
      .max(168)
      .default(24)
      .describe("a contact that could not be sent is deleted after so many hours"),
  })
  .describe("call-back contacts that customers may leave, sealed to the server's key; refused while absent");
export type CallbackConfig = z.infer<typeof CallbackConfig>;

/** @throws Fault CALLBACK_KEY */
export function readPublicKey(file: string): KeyObject {
  let pem: string;
  try {
    pem = readFileSync(file, "utf8");
  } catch (thrown) {
    const reason = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unreadable";
    throw new Fault("CALLBACK_KEY", `cannot read the public key in ${file}: ${reason}`, { file });
  }
  // Node would make the public key of a private one: who steals the device must not find that.
  if (pem.includes("PRIVATE")) throw new Fault("CALLBACK_KEY", `${file} holds a private key`, { file });
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new Fault("CALLBACK_KEY", `${file} holds no public key in PEM`, { file });
  }
  if (key.asymmetricKeyType !== "x25519")
    throw new Fault("CALLBACK_KEY", `the key in ${file} is ${key.asymmetricKeyType}, not x25519`, { file });
  return key;
}
