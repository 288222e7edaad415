// A good body for each route of the local doors.
import { generateKeyPairSync } from "node:crypto";
import type { SealAtDoor } from "../../src/doors/bodies.ts";
import { sealContact } from "../../src/doors/sealed-contact.ts";

export const SALE = { touchpoint: "checkout", transaction: "4711", amount: 12.5, items: 3 };

/** Path, with a key where it takes one → body. */
export const BODIES: Readonly<Record<string, object>> = {
  "/v1/transactions": SALE,
  "/v1/shifts": { touchpoint: "checkout", action: "start", staff: "anna" },
  "/v1/services": { touchpoint: "checkout", action: "open", service: "w1" },
  "/v1/activities": { touchpoint: "checkout", action: "start" },
  "/v1/scans": { pad: "reader", code: "99123456" },
  "/v1/presses": { pad: "p1", button: "4" },
  "/v1/surveys": { touchpoint: "checkout", action: "start" },
  "/v1/cameras/pause": { camera: "door", minutes: 30, by: "anna" },
  "/v1/cameras/resume": { by: "anna" },
  "/v1/callbacks": { touchpoint: "checkout", contact: "+370 600 00000", consent: true },
  "/v1/alerts/k1/acknowledge": { by: "anna" },
  "/v1/alerts/k1/resolve": { by: "anna", cause: "queue" },
};

/** Seals for a key that nobody has. */
export const contacts: SealAtDoor = (touchpoint, contact) => ({
  key: "k1",
  sealed: sealContact(generateKeyPairSync("x25519").publicKey, { key: "k1", device: "d1", touchpoint }, contact),
  keepMs: 3_600_000,
});
