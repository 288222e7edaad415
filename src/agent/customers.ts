// The secret under which customers' numbers are hashed: read once, and handed to the engine as a pure function.
import { createHmac } from "node:crypto";
import type { CustomersConfig } from "../config/context.ts";
import { readSecret } from "../config/secret.ts";
import type { CustomerHash } from "../touchpoint/context.ts";
import { Fault } from "../words/errors.ts";
import type { CustomerKey } from "../words/feedback.ts";

/** Numbers of cards are few enough to be tried out: only the key's length protects them. Characters. */
const LEAST_KEY = 32;

/**
 * HMAC-SHA-256 (RFC 2104) over the number in UTF-8, its first 128 bits in hexadecimal.
 * @throws Fault CONFIG_SECRET where a key cannot be read or is too short
 */
export function customerHash(config: CustomersConfig): CustomerHash {
  const now = hashing(config.key, config.keyFile);
  const { formerKey, formerKeyFile } = config;
  const former = formerKey === undefined || formerKeyFile === undefined ? undefined : hashing(formerKey, formerKeyFile);
  return (raw) => ({ customer: now(raw), ...(former === undefined ? {} : { formerly: former(raw) }) });
}

function hashing(key: string, file: string): (raw: string) => CustomerKey {
  const secret = readSecret(file);
  if (secret.length < LEAST_KEY)
    throw new Fault("CONFIG_SECRET", `the key in ${file} is shorter than ${LEAST_KEY} characters`, { file });
  return (raw) => ({ key, hash: createHmac("sha256", secret).update(raw, "utf8").digest("hex").slice(0, 32) });
}
