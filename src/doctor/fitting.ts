// What of a doctor's findings fits into a message: what failed first, what is well last. Pure.
import type { Finding, Status } from "./finding.ts";

const RANK: Readonly<Record<Status, number>> = { failed: 0, warn: 1, ok: 2, skipped: 3 };
/** Most characters of a sentence. */
const MAX_CHARS = 500;

/**
 * @param maxBytes of JSON in UTF-8, all findings together
 * @returns the findings that fit, and how many do not
 */
export function fitting(findings: readonly Finding[], maxBytes: number): { findings: Finding[]; leftOut: number } {
  const sorted = findings.toSorted((a, b) => RANK[a.status] - RANK[b.status]).map(shortened);
  let bytes = 2;
  const end = sorted.findIndex((finding) => {
    bytes += Buffer.byteLength(JSON.stringify(finding)) + 1;
    return bytes > maxBytes;
  });
  const fit = end < 0 ? sorted : sorted.slice(0, end);
  return { findings: fit, leftOut: findings.length - fit.length };
}

function shortened({ name, status, message, hint }: Finding): Finding {
  const cut = (text: string): string => text.slice(0, MAX_CHARS);
  return { name: cut(name), status, message: cut(message), ...(hint === undefined ? {} : { hint: cut(hint) }) };
}
