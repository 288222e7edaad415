// Keeps what is known of fleet settings from the broker in one small file of the data folder, whole or not at all.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { syncFolder, writeDurably } from "../durable.ts";
import { Fault } from "../words/errors.ts";
import { NO_RECORD, RemoteRecord } from "./remote-record.ts";

/** The file in `dataDir`. */
export function remoteFile(dataDir: string): string {
  return join(dataDir, "fleet-settings.json");
}

/** @throws Fault SETTINGS_KEPT where there is a file that cannot be read, or that no version of this program wrote */
export function readRemote(dataDir: string): RemoteRecord {
  const file = remoteFile(dataDir);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (thrown) {
    // A data folder that is no folder is the journal's to tell: nothing is kept there.
    if (["ENOENT", "ENOTDIR"].includes(codeOf(thrown))) return NO_RECORD;
    throw new Fault("SETTINGS_KEPT", `cannot read ${file}: ${codeOf(thrown)}`, { file }, thrown);
  }
  try {
    return RemoteRecord.parse(JSON.parse(text));
  } catch (thrown) {
    throw new Fault("SETTINGS_KEPT", `${file} is damaged`, { file }, thrown);
  }
}

/**
 * One rename puts the record in the place of the one before: a power cut leaves either.
 * @throws Fault SETTINGS_KEPT when the disk refuses
 */
export function writeRemote(dataDir: string, record: RemoteRecord): void {
  const file = remoteFile(dataDir);
  try {
    writeDurably(file, JSON.stringify(record));
  } catch (thrown) {
    throw new Fault("SETTINGS_KEPT", `cannot write ${file}: ${codeOf(thrown)}`, { file }, thrown);
  }
}

/** Drops all of it, so that the device's own file holds. @throws Fault SETTINGS_KEPT when the disk refuses */
export function forgetRemote(dataDir: string): void {
  const file = remoteFile(dataDir);
  try {
    rmSync(file, { force: true });
    syncFolder(file);
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") return;
    throw new Fault("SETTINGS_KEPT", `cannot remove ${file}: ${codeOf(thrown)}`, { file }, thrown);
  }
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : String(thrown);
}
