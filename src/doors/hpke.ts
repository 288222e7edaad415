// Sealing to a public key as RFC 9180 has it: base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. Pure.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";

/** Bytes of an encapsulated key, and of the tag behind the ciphertext. */
export const ENC_BYTES = 32;
export const TAG_BYTES = 16;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const HASH_BYTES = 32;
/** Identifiers of RFC 9180, section 7: KEM 0x0020; KDF 0x0001; AEAD 0x0002. */
const KEM_SUITE = Buffer.from([...Buffer.from("KEM"), 0x00, 0x20]);
const SUITE = Buffer.from([...Buffer.from("HPKE"), 0x00, 0x20, 0x00, 0x01, 0x00, 0x02]);
const MODE_BASE = 0;
const NOTHING = Buffer.alloc(0);
/** What an X25519 public key of 32 bytes begins with as SubjectPublicKeyInfo (RFC 8410). */
const SPKI_HEAD = Buffer.from("302a300506032b656e032100", "hex");

/**
 * Seals one message with a key pair of its own; without additional data (`aad` is empty).
 * @param info what the opener must say alike
 * @returns `enc` (32 bytes), ciphertext, tag (16 bytes)
 */
export function seal(recipient: KeyObject, info: Buffer, plaintext: Buffer): Buffer {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  const enc = rawOf(publicKey);
  const shared = diffieHellman({ privateKey, publicKey: recipient });
  const { key, nonce } = schedule(encapsulated(shared, enc, rawOf(recipient)), info);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return Buffer.concat([enc, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/**
 * Opens what `seal` made.
 * @throws Error where the key or `info` is another one, or a byte was changed
 */
export function open(recipient: KeyObject, info: Buffer, sealed: Buffer): Buffer {
  if (sealed.length < ENC_BYTES + TAG_BYTES) throw new Error("too short to be sealed");
  const enc = sealed.subarray(0, ENC_BYTES);
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI_HEAD, enc]), format: "der", type: "spki" });
  const shared = diffieHellman({ privateKey: recipient, publicKey });
  const { key, nonce } = schedule(encapsulated(shared, enc, rawOf(createPublicKey(recipient))), info);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(ENC_BYTES, -TAG_BYTES)), decipher.final()]);
}

/** ExtractAndExpand of section 4.1: the shared secret of the KEM. */
function encapsulated(shared: Buffer, enc: Buffer, recipient: Buffer): Buffer {
  const extracted = labeledExtract(KEM_SUITE, NOTHING, "eae_prk", shared);
  return labeledExpand(KEM_SUITE, extracted, "shared_secret", Buffer.concat([enc, recipient]), HASH_BYTES);
}

/** KeySchedule of section 5.1 in base mode; of the first message, whose nonce is the base nonce. */
function schedule(shared: Buffer, info: Buffer): { key: Buffer; nonce: Buffer } {
  const context = Buffer.concat([
    Buffer.from([MODE_BASE]),
    labeledExtract(SUITE, NOTHING, "psk_id_hash", NOTHING),
    labeledExtract(SUITE, NOTHING, "info_hash", info),
  ]);
  const secret = labeledExtract(SUITE, shared, "secret", NOTHING);
  return {
    key: labeledExpand(SUITE, secret, "key", context, KEY_BYTES),
    nonce: labeledExpand(SUITE, secret, "base_nonce", context, NONCE_BYTES),
  };
}

function labeledExtract(suite: Buffer, salt: Buffer, label: string, input: Buffer): Buffer {
  return hmac(salt, Buffer.concat([Buffer.from("HPKE-v1"), suite, Buffer.from(label), input]));
}

/** One round of HKDF-Expand (RFC 5869) is enough: nothing here is longer than a hash. */
function labeledExpand(suite: Buffer, secret: Buffer, label: string, info: Buffer, bytes: number): Buffer {
  const labeled = [Buffer.from([0, bytes]), Buffer.from("HPKE-v1"), suite, Buffer.from(label), info, Buffer.from([1])];
  return hmac(secret, Buffer.concat(labeled)).subarray(0, bytes);
}

function hmac(key: Buffer, input: Buffer): Buffer {
  return createHmac("sha256", key).update(input).digest();
}

function rawOf(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" }).subarray(SPKI_HEAD.length);
}
