// The manifest of a package: what it says, whose signature it bears, and whether it is for this device. Pure.
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { z } from "zod";
import { Fault } from "../words/errors.ts";
import { compareVersions, VERSION } from "./version.ts";

/** Largest package, bytes. */
const MAX_PACKAGE_BYTES = 1_073_741_824;
const SIGNATURE_BYTES = 64;

export const Manifest = z.object({
  name: z.literal("touchpoint"),
  version: z.string().max(64).regex(VERSION, "no version such as 1.2.3"),
  architecture: z.enum(["arm64", "arm", "x64", "any"]),
  file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/, "no plain file name"),
  size: z.int().min(1).max(MAX_PACKAGE_BYTES),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Manifest = z.infer<typeof Manifest>;

/** What a package is held against. */
export interface Device {
  /** Version of the program that runs. */
  readonly version: string;
  /** As `process.arch` says it. */
  readonly architecture: string;
}

/**
 * The public key in `pem`.
 * @throws Fault UPDATE_KEY
 */
export function signerKey(pem: string, file: string): KeyObject {
  // Node would make the public key of a private one: who steals the device must not find that.
  if (pem.includes("PRIVATE")) throw new Fault("UPDATE_KEY", `${file} holds a private key`, { file });
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // Said below.
  }
  throw new Fault("UPDATE_KEY", `${file} holds no Ed25519 public key in PEM`, { file });
}

/**
 * Reads a manifest that one of `keys` has signed. Nothing of it is looked at before its signature.
 * @param bytes the manifest as it was signed
 * @param signature Ed25519 over these bytes (RFC 8032), base64
 * @throws Fault UPDATE_SIGNATURE, UPDATE_MANIFEST
 */
export function readManifest(bytes: Buffer, signature: string, keys: readonly KeyObject[]): Manifest {
  const raw = Buffer.from(signature.trim(), "base64");
  if (raw.length !== SIGNATURE_BYTES)
    throw new Fault("UPDATE_SIGNATURE", "the signature is not one of Ed25519 in base64");
  if (!keys.some((key) => verify(null, bytes, key, raw)))
    throw new Fault("UPDATE_SIGNATURE", "the manifest is not signed by a key of local.update.keyFiles");
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new Fault("UPDATE_MANIFEST", "the manifest is not JSON");
  }
  const manifest = Manifest.safeParse(value);
  if (!manifest.success) throw new Fault("UPDATE_MANIFEST", `the manifest is none: ${z.prettifyError(manifest.error)}`);
  return manifest.data;
}

/**
 * @param downgrade whether an older version, or the same again, is wanted
 * @throws Fault UPDATE_ARCHITECTURE, UPDATE_OLDER
 */
export function judgeManifest({ version, architecture }: Manifest, device: Device, downgrade: boolean): void {
  if (architecture !== "any" && architecture !== device.architecture)
    throw new Fault(
      "UPDATE_ARCHITECTURE",
      `the package is for ${architecture}, and this device is ${device.architecture}`,
    );
  if (!downgrade && compareVersions(version, device.version) <= 0)
    throw new Fault("UPDATE_OLDER", `the package has version ${version}, and ${device.version} runs here`);
}
