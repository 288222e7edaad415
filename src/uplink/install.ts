// Puts a renewed certificate and its key in place, so that a power cut at any moment leaves a pair that works.
import { chmodSync, chownSync, existsSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import type { BrokerConfig } from "../config/schema.ts";
import { syncFolder, writeDurably } from "../durable.ts";
import { asFault, Fault } from "../words/errors.ts";
import { checkUsable } from "./certificates.ts";

type PairFiles = Pick<BrokerConfig, "certFile" | "keyFile">;

/**
 * Installs a pair; the uplink notices the files and uses them. Both are on disk beside the old ones before the first of
 * those is replaced: `finishInstall` completes what a power cut interrupted.
 * @param pair certificate chain and key, PEM
 * @throws Fault CERT_UNUSABLE where the two do not belong together or no files are configured, CONFIG_WRITE when the
 * disk refuses; the old pair is then still in place
 */
export function installCertificate(files: PairFiles, pair: { readonly cert: string; readonly key: string }): void {
  const { certFile, keyFile } = files;
  if (certFile === undefined || keyFile === undefined)
    throw new Fault("CERT_UNUSABLE", "no certFile and keyFile are configured to be renewed");
  checkUsable({ cert: Buffer.from(pair.cert), key: pair.key });
  try {
    prepare(certFile, pair.cert);
    prepare(keyFile, pair.key);
    replace(keyFile);
    replace(certFile);
  } catch (thrown) {
    throw asFault(thrown, "CONFIG_WRITE", `cannot write ${certFile} and ${keyFile}`);
  }
}

/** Completes an installation that was interrupted, or clears away what it left. @throws Fault CONFIG_WRITE */
export function finishInstall({ certFile, keyFile }: PairFiles): void {
  if (certFile === undefined || keyFile === undefined) return;
  if (!existsSync(next(certFile)) && !existsSync(next(keyFile))) return;
  try {
    if (belongTogether(next(certFile), next(keyFile))) {
      replace(keyFile);
      replace(certFile);
    } else if (belongTogether(next(certFile), keyFile)) replace(certFile);
    rmSync(next(certFile), { force: true });
    rmSync(next(keyFile), { force: true });
  } catch (thrown) {
    throw asFault(thrown, "CONFIG_WRITE", `cannot finish renewing ${certFile}`);
  }
}

const next = (file: string): string => `${file}.next`;

/** The new file beside the old one, for whom the old one is: root installs what the agent's user must be able to read. */
function prepare(file: string, content: string): void {
  writeDurably(next(file), content);
  const old = statSync(file, { throwIfNoEntry: false });
  if (old === undefined) return;
  chmodSync(next(file), old.mode & 0o777);
  if (process.getuid?.() === 0) chownSync(next(file), old.uid, old.gid);
}

function replace(file: string): void {
  renameSync(next(file), file);
  syncFolder(file);
}

function belongTogether(certFile: string, keyFile: string): boolean {
  try {
    checkUsable({ cert: readFileSync(certFile), key: readFileSync(keyFile, "utf8") });
    return true;
  } catch {
    return false;
  }
}
