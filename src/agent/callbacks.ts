// Seals call-back contacts for the doors: the server's public key, read once.
import { type CallbackConfig, readPublicKey } from "../config/callback.ts";
import type { SealAtDoor } from "../doors/bodies.ts";
import { sealContact } from "../doors/sealed-contact.ts";

/** @throws Fault CALLBACK_KEY where the key cannot be read or is no X25519 public key */
export function contactSealer({ key, publicKeyFile, keepHours }: CallbackConfig, device: string): SealAtDoor {
  const publicKey = readPublicKey(publicKeyFile);
  return (touchpoint, contact) => ({
    key,
    sealed: sealContact(publicKey, { key, device, touchpoint }, contact),
    keepMs: keepHours * 3_600_000,
  });
}
