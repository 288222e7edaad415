// The device's identity: a key that is made here and never leaves, a request for its certificate, and the certificate put in.
import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { BrokerConfig } from "../config/schema.ts";
import { readSecret } from "../config/secret.ts";
import { syncFolder, writeDurably } from "../durable.ts";
import { asFault, Fault } from "../words/errors.ts";
import { checkRenewed, type Issuers, isForKey } from "./certificates.ts";
import { installCertificate } from "./install.ts";
import { isRequestOf, signingRequest } from "./signing-request.ts";

export interface IdentityPlace {
  readonly dataDir: string;
  readonly device: string;
  readonly broker: Pick<BrokerConfig, "certFile" | "keyFile">;
}

/** Where the next key and its request wait for their certificate. */
export function waitingFiles(dataDir: string): { readonly key: string; readonly request: string } {
  return { key: join(dataDir, "identity-next.key"), request: join(dataDir, "identity-next.csr") };
}

/**
 * The request that waits for its certificate, made with a new key where none waits; the same one until it is installed.
 * @param fresh throw away what waits: its key may have been seen
 * @returns PEM
 * @throws Fault CONFIG_WRITE, CONFIG_SECRET
 */
export function requestIdentity({ dataDir, device, broker }: IdentityPlace, fresh = false): string {
  const files = waitingFiles(dataDir);
  const waiting = fresh || !existsSync(files.key) ? undefined : keyIn(files.key);
  try {
    const key = waiting === undefined || isInUse(waiting, broker) ? newKey(files.key) : waiting;
    const known = existsSync(files.request) ? readFileSync(files.request, "utf8") : "";
    if (isRequestOf(known, key, device)) return known;
    const request = signingRequest(key, device);
    writeDurably(files.request, request);
    return request;
  } catch (thrown) {
    throw asFault(thrown, "CONFIG_WRITE", `cannot write the request in ${dataDir}`);
  }
}

/**
 * Installs what the authority issued: for the key that waits, or once more for the one in use. A running agent takes it.
 * @param cert certificate with its chain, PEM
 * @param issuers authorities that may sign devices; undefined: whoever signed it
 * @returns its last day, YYYY-MM-DD
 * @throws Fault CERT_UNUSABLE, CONFIG_WRITE; what was in use then still is
 */
export function installIdentity(
  { dataDir, device, broker }: IdentityPlace,
  cert: string,
  issuers: Issuers | undefined,
  nowMs: number,
): string {
  const until = checkRenewed(cert, device, nowMs);
  const files = waitingFiles(dataDir);
  const keys = [files.key, broker.keyFile].filter((file) => file !== undefined && existsSync(file)) as string[];
  const own = keys.find((file) => isForKey(cert, keyIn(file)));
  if (own === undefined)
    throw new Fault("CERT_UNUSABLE", "the certificate is for another key than the one that waits and the one in use");
  issuers?.check(cert, nowMs);
  installCertificate(broker, { cert, key: readSecret(own) });
  if (own !== files.key) return until;
  for (const file of [files.request, files.key]) rmSync(file, { force: true });
  syncFolder(files.key);
  return until;
}

function newKey(file: string): KeyObject {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  // `writeDurably` makes it readable by its owner alone, from the first byte on.
  writeDurably(file, privateKey.export({ type: "pkcs8", format: "pem" }) as string);
  return privateKey;
}

/** A power cut after an installation may leave the key in both places. */
function isInUse(key: KeyObject, { keyFile }: IdentityPlace["broker"]): boolean {
  return keyFile !== undefined && existsSync(keyFile) && keyIn(keyFile).equals(key);
}

function keyIn(file: string): KeyObject {
  try {
    return createPrivateKey(readSecret(file));
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    throw new Fault("CERT_UNUSABLE", `${file} holds no private key that can be read without a passphrase`, { file });
  }
}
