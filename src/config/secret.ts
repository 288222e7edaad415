// Reads secrets by reference, and hides them wherever settings are shown.
import { readFileSync, statSync } from "node:fs";
import { Fault } from "../words/errors.ts";

const MAX_BYTES = 65_536;

/**
 * Reads a secret from the file that the configuration names; one trailing newline is not part of it.
 * @throws Fault CONFIG_SECRET; its message names the file, never what is in it
 */
export function readSecret(file: string): string {
  try {
    if (statSync(file).size > MAX_BYTES)
      throw new Fault("CONFIG_SECRET", `${file} is too large for a secret`, { file });
    const secret = readFileSync(file, "utf8").replace(/\r?\n$/, "");
    if (secret === "") throw new Fault("CONFIG_SECRET", `${file} is empty`, { file });
    return secret;
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    const reason = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unreadable";
    throw new Fault("CONFIG_SECRET", `cannot read the secret in ${file}: ${reason}`, { file });
  }
}

/** Names of settings whose values are never shown. */
const SECRET_NAME = /password|secret|token|passphrase|privatekey|apikey/i;
/** `user:pass@` inside an address. */
const ADDRESS_LOGIN = /([a-z][a-z0-9+.-]*:\/\/)[^/\s@]*@/gi;

/** Hides logins inside addresses. */
export function redactText(text: string): string {
  return text.replace(ADDRESS_LOGIN, "$1***@");
}

/** A copy of `value` fit to be shown: values under secret names and logins inside addresses become `***`. */
export function redact(value: unknown): unknown {
  if (typeof value === "string") return redactText(value);
  if (Array.isArray(value)) return value.map(redact);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      // A file that holds a secret may be named: the technician needs the path.
      SECRET_NAME.test(name) && !name.endsWith("File") && inner !== undefined ? "***" : redact(inner),
    ]),
  );
}
