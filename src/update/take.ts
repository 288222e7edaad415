// Takes a package in: verified while it is copied, handed over to the installer whole, by one rename, or not at all.
import { createHash, type KeyObject } from "node:crypto";
import { chownSync, existsSync, readdirSync, readFileSync, rmSync, statfsSync, statSync } from "node:fs";
import { constants, type FileHandle, mkdir, mkdtemp, open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { UpdateConfig } from "../config/update.ts";
import { syncFolder } from "../durable.ts";
import { asFault, Fault } from "../words/errors.ts";
import { type Device, judgeManifest, type Manifest, readManifest, signerKey } from "./manifest.ts";

const MAX_MANIFEST_BYTES = 65_536;
const BLOCK_BYTES = 65_536;
/** What a package must leave free on the disk of the journal, bytes. */
const SPARE_BYTES = 67_108_864;

export interface UpdatePlace {
  readonly settings: UpdateConfig | undefined;
  readonly dataDir: string;
  readonly device: Device;
}

/** Where a verified package waits for the installer: manifest, signature and package, under these names. */
export function incomingFolder(dataDir: string): string {
  return join(dataDir, "update", "incoming");
}
export const MANIFEST_NAME = "manifest.json";
export const SIGNATURE_NAME = "manifest.json.sig";

interface Signed {
  readonly manifest: Manifest;
  readonly bytes: Buffer;
  readonly signature: string;
  /** The package that it speaks of. */
  readonly file: string;
}

/**
 * What can be said of a package without reading all of it: signature, architecture, version, length.
 * @param path its manifest; the signature is beside it under `.sig`, the package under the name that it says
 * @throws Fault UPDATE_OFF, UPDATE_KEY, UPDATE_SIGNATURE, UPDATE_MANIFEST, UPDATE_ARCHITECTURE, UPDATE_OLDER, UPDATE_PACKAGE
 */
export async function openPackage(path: string, place: UpdatePlace, downgrade: boolean): Promise<Signed> {
  const { settings, device } = place;
  if (settings === undefined) throw new Fault("UPDATE_OFF", "local.update is not set: no package is believed here");
  const keys = signerKeys(settings);
  const bytes = await readSmall(path, "UPDATE_MANIFEST");
  const signature = (await readSmall(`${path}.sig`, "UPDATE_SIGNATURE")).toString("latin1");
  const manifest = readManifest(bytes, signature, keys);
  judgeManifest(manifest, device, downgrade);
  const file = join(dirname(path), manifest.file);
  const handle = await openFile(file, "UPDATE_PACKAGE");
  try {
    const { size } = await handle.stat();
    if (size !== manifest.size)
      throw new Fault("UPDATE_PACKAGE", `${manifest.file} has ${size} bytes, not ${manifest.size}`);
  } finally {
    await handle.close();
  }
  return { manifest, bytes, signature, file };
}

/** Whose signature is believed. @throws Fault UPDATE_KEY */
export function signerKeys({ keyFiles }: UpdateConfig): KeyObject[] {
  return keyFiles.map((file) => signerKey(readKey(file), file));
}

/**
 * Reads the whole package and compares its hash.
 * @param into where it is copied to meanwhile
 * @throws Fault UPDATE_PACKAGE, or what the file system says
 */
export async function verifyPackage({ manifest, file }: Signed, signal: AbortSignal, into?: FileHandle): Promise<void> {
  const handle = await openFile(file, "UPDATE_PACKAGE");
  try {
    const hash = createHash("sha256");
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    // One byte more than it may have shows that it grew.
    for (let left = manifest.size + 1; left > 0; ) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(block, 0, Math.min(BLOCK_BYTES, left));
      if (bytesRead === 0) break;
      left -= bytesRead;
      hash.update(block.subarray(0, bytesRead));
      if (into !== undefined) await into.writeFile(block.subarray(0, bytesRead));
    }
    if (hash.digest("hex") !== manifest.sha256)
      throw new Fault("UPDATE_PACKAGE", `${manifest.file} is not what its manifest says: its SHA-256 is another`);
  } finally {
    await handle.close();
  }
}

/**
 * Copies a package into the incoming folder, verified on the way; the installer sees it whole or not at all.
 * @throws Fault UPDATE_WAITING where another one waits, UPDATE_WRITE for a disk that is full or fails, UPDATE_PACKAGE
 */
export async function takePackage(signed: Signed, { dataDir }: UpdatePlace, signal: AbortSignal): Promise<void> {
  const incoming = incomingFolder(dataDir);
  if (existsSync(incoming)) {
    const waits = await readFile(join(incoming, MANIFEST_NAME)).catch(() => Buffer.alloc(0));
    if (waits.equals(signed.bytes)) return;
    throw new Fault("UPDATE_WAITING", "another package waits for the installer");
  }
  let making: string | undefined;
  try {
    making = await makingFolder(dataDir);
    const { bavail, bsize } = statfsSync(making);
    if (bavail * bsize < signed.manifest.size + SPARE_BYTES)
      throw new Fault(
        "UPDATE_WRITE",
        `the package needs ${signed.manifest.size} bytes, and ${SPARE_BYTES} must stay free`,
      );
    await writeSynced(join(making, signed.manifest.file), (into) => verifyPackage(signed, signal, into));
    await writeSynced(join(making, MANIFEST_NAME), (into) => into.writeFile(signed.bytes));
    await writeSynced(join(making, SIGNATURE_NAME), (into) => into.writeFile(signed.signature));
    syncFolder(join(making, MANIFEST_NAME));
    // Fails where another one was taken in meanwhile: a folder that is not empty is not replaced.
    await rename(making, incoming);
    syncFolder(incoming);
  } catch (thrown) {
    if (making !== undefined) await rm(making, { recursive: true, force: true });
    throw asFault(thrown, "UPDATE_WRITE", `the package cannot be taken into ${dataDir}`);
  }
}

/** Removes what interrupted copies left. @throws what the file system says */
export function clearUpdateLeftovers(dataDir: string): void {
  const folder = dirname(incomingFolder(dataDir));
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder))
    if (name.startsWith(MAKING)) rmSync(join(folder, name), { recursive: true, force: true });
}

const MAKING = "taking-";

/** A folder of this copy's own, for whom the data folder is: root may take in what the agent's user goes on with. */
async function makingFolder(dataDir: string): Promise<string> {
  const folder = dirname(incomingFolder(dataDir));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const making = await mkdtemp(join(folder, MAKING));
  const { uid, gid } = statSync(dataDir);
  if (process.getuid?.() === 0) for (const one of [folder, making]) chownSync(one, uid, gid);
  return making;
}

async function writeSynced(file: string, write: (into: FileHandle) => Promise<void>): Promise<void> {
  const into = await open(file, "wx", 0o600);
  try {
    await write(into);
    await into.sync();
  } finally {
    await into.close();
  }
}

function readKey(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (thrown) {
    throw new Fault("UPDATE_KEY", `cannot read the public key in ${file}`, { file }, thrown);
  }
}

/** A plain file, and no link to one: whoever lays packages must not choose what else is read. */
async function openFile(
  file: string,
  code: "UPDATE_MANIFEST" | "UPDATE_SIGNATURE" | "UPDATE_PACKAGE",
): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    // Without waiting: a pipe that nobody writes to would be waited for for ever.
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await handle.stat()).isFile()) return handle;
  } catch (thrown) {
    throw new Fault(code, `cannot read ${basename(file)}`, {}, thrown);
  }
  await handle.close();
  throw new Fault(code, `${basename(file)} is no plain file`);
}

async function readSmall(file: string, code: "UPDATE_MANIFEST" | "UPDATE_SIGNATURE"): Promise<Buffer> {
  const handle = await openFile(file, code);
  try {
    const { size } = await handle.stat();
    if (size > MAX_MANIFEST_BYTES) throw new Fault(code, `${basename(file)} has ${size} bytes`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}
