// What an error of the database means: wait, open again, or give up the file.
import { Fault, type FaultCode } from "../words/errors.ts";
import { codeOf } from "./files.ts";
import type { Failure } from "./protocol.ts";
import { Damage } from "./schema.ts";

/** True where the file itself can no longer be trusted. */
export function isDamage(thrown: unknown): boolean {
  // The statements are fixed and fit a sound file: one that contradicts them was changed by something else.
  return thrown instanceof Damage || /^SQLITE_(CORRUPT|NOTADB|FORMAT|CONSTRAINT|MISMATCH|ERROR$)/.test(codeOf(thrown));
}

/** What became of a request that the open database could not serve. Unknown errors are retried: nothing is lost. */
export function failureOf(thrown: unknown): Failure {
  const code = codeOf(thrown);
  const sentence = sentenceOf(thrown);
  if (isDamage(thrown)) return { remedy: "damaged", code: "JOURNAL_DAMAGED", sentence };
  if (code.startsWith("SQLITE_FULL")) return { remedy: "retry", code: "JOURNAL_FULL", sentence };
  // A moved file, a lost descriptor or broken shared memory does not heal on the same connection.
  const lost = /^SQLITE_(READONLY_DBMOVED|CANTOPEN|IOERR_SHM|IOERR_FSTAT|IOERR_READ|MISUSE)/.test(code);
  return { remedy: lost ? "reopen" : "retry", code: "JOURNAL_WRITE", sentence };
}

/** True where there is no space left. */
export function isFull(thrown: unknown): boolean {
  return codeOf(thrown) === "ENOSPC" || codeOf(thrown).startsWith("SQLITE_FULL");
}

/** What becomes of an attempt to open. */
export function openingFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const code: FaultCode = isFull(thrown) ? "JOURNAL_FULL" : "JOURNAL_OPEN";
  return new Fault(code, `the journal cannot be opened: ${sentenceOf(thrown)}`, {}, thrown);
}

function sentenceOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = codeOf(thrown);
  return code === "" || message.includes(code) ? message : `${message} (${code})`;
}
