// One text for one value, whoever writes it, and its hash: RFC 8785, JSON Canonicalization Scheme.
import { createHash } from "node:crypto";

/**
 * Members sorted by the UTF-16 code units of their names, no space, numbers and strings as ECMAScript writes them: for
 * these RFC 8785 refers to `JSON.stringify`. Of a value that came out of `JSON.parse`; it may not be nested by thousands.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  // The default order of sort() is that of code units.
  const names = Object.keys(value).sort();
  const members = value as Readonly<Record<string, unknown>>;
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson(members[name])}`).join(",")}}`;
}

/** SHA-256 over the canonical JSON in UTF-8, 64 hex digits. */
export function settingsHash(fleet: unknown): string {
  return createHash("sha256").update(canonicalJson(fleet), "utf8").digest("hex");
}
