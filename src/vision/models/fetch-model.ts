// Brings the bytes of a known model: from its authors' address, from a mirror, or from a folder. Proved before they leave.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { asFault, Fault } from "../../words/errors.ts";
import type { CatalogueEntry } from "./catalogue.ts";
import { proveModel } from "./manifest.ts";

/** A line on which no byte came for so long is dead, milliseconds. */
const STALL_MS = 30_000;

/** What {@link fetchModel} needs to know of a model. */
export type Wanted = Pick<CatalogueEntry, "name" | "bytes" | "sha256" | "source">;

/**
 * @param from undefined: the authors' own address; else a folder, or the address of one that holds the file by its name
 * @throws Fault MODEL_FETCH when it cannot be had, MODEL_HASH when it is cut short or another file
 */
export async function fetchModel(wanted: Wanted, from: string | undefined, stallMs = STALL_MS): Promise<Uint8Array> {
  const origin = originOf(wanted, from);
  const bytes = isAddress(origin) ? await download(origin, wanted, stallMs) : readWhole(origin, wanted);
  proveModel(bytes, wanted, origin);
  return bytes;
}

function originOf({ name, source }: Wanted, from: string | undefined): string {
  if (from !== undefined)
    return isAddress(from) ? `${from.replace(/\/+$/, "")}/${source.file}` : join(from, source.file);
  if (source.url !== undefined) return source.url;
  throw new Fault("MODEL_FETCH", `nobody offers ${source.file} for download; give --from with a folder that has it`, {
    model: name,
  });
}

function isAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

function readWhole(file: string, { name, bytes }: Wanted): Uint8Array {
  try {
    const { size } = statSync(file);
    // Whatever carries the name by accident is not read into memory to be hashed.
    if (size !== bytes) throw new Fault("MODEL_HASH", `${file} has ${size} bytes, not ${bytes}`, { model: name, file });
    return readFileSync(file);
  } catch (thrown) {
    throw asFault(thrown, "MODEL_FETCH", `cannot read ${file}`);
  }
}

/** No redirect is followed: the address is the authors' own, and a file that moved is looked for by a person. */
async function download(url: string, { name, bytes: length }: Wanted, stallMs: number): Promise<Uint8Array> {
  const stalled = new AbortController();
  const give = (): void => stalled.abort(new Error(`no byte came for ${stallMs / 1000} s`));
  let timer = setTimeout(give, stallMs);
  try {
    const response = await fetch(url, { redirect: "manual", signal: stalled.signal });
    if (response.status >= 300 && response.status < 400)
      throw new Fault("MODEL_FETCH", `${url} sends elsewhere: ${response.headers.get("location") ?? "nowhere"}`, {
        model: name,
      });
    if (!response.ok || response.body === null)
      throw new Fault("MODEL_FETCH", `${url} answered ${response.status}`, { model: name });
    const whole = new Uint8Array(length);
    let received = 0;
    for await (const chunk of response.body) {
      clearTimeout(timer);
      timer = setTimeout(give, stallMs);
      if (received + chunk.length > length)
        throw new Fault("MODEL_HASH", `${url} has more than ${length} bytes`, { model: name, file: url });
      whole.set(chunk, received);
      received += chunk.length;
    }
    return whole.subarray(0, received);
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    // "fetch failed" says nothing; its cause does.
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    throw asFault(cause, "MODEL_FETCH", `${url} cannot be fetched`);
  } finally {
    clearTimeout(timer);
    stalled.abort();
  }
}
