// Certificates of the login: whether they can be used, and how long still. Pure but for the clock that is passed in.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { Fault } from "../words/errors.ts";

/** A certificate that ends sooner than this is worth a warning, days. */
export const WARN_DAYS = 30;
const DAY_MS = 86_400_000;

export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: string;
}

/** From when and until when something holds, UTC milliseconds. */
export interface Validity {
  readonly fromMs: number;
  readonly toMs: number;
}

/** @throws Fault CERT_UNUSABLE for what is no certificate, and where certificate and key do not belong together */
export function checkUsable({ ca, cert, key }: TlsFiles): void {
  if (ca !== undefined) certificatesOf(ca, "caFile");
  if (cert === undefined || key === undefined) return;
  const [own] = certificatesOf(cert, "certFile");
  let belongs: boolean;
  try {
    belongs = own?.checkPrivateKey(createPrivateKey(key)) === true;
  } catch {
    throw new Fault("CERT_UNUSABLE", "keyFile holds no private key that can be read without a passphrase");
  }
  if (!belongs) throw new Fault("CERT_UNUSABLE", "the key in keyFile is not the one of the certificate in certFile");
}

/** When the certificates of a login end; undefined where there are none. @throws Fault CERT_UNUSABLE */
export function validityOf({ ca, cert }: TlsFiles): { readonly own?: Validity; readonly ca?: Validity } {
  // The first certificate of a chain is the device's own; of a bundle of authorities the one that lasts longest counts.
  const own = cert === undefined ? undefined : certificatesOf(cert, "certFile").map(datesOf)[0];
  const authorities = ca === undefined ? [] : certificatesOf(ca, "caFile").map(datesOf);
  const lasting = authorities.sort((a, b) => b.toMs - a.toMs)[0];
  return { ...(own === undefined ? {} : { own }), ...(lasting === undefined ? {} : { ca: lasting }) };
}

/**
 * A renewed certificate as it is to be installed: for this device, and good now.
 * @returns its last day, YYYY-MM-DD
 * @throws Fault CERT_UNUSABLE
 */
export function checkRenewed(cert: string, device: string, nowMs: number): string {
  const [own] = certificatesOf(Buffer.from(cert), "the new certificate");
  const name = own === undefined ? undefined : /^CN=(.*)$/m.exec(own.subject)?.[1];
  if (own === undefined || name !== device)
    throw new Fault("CERT_UNUSABLE", `the new certificate is for ${name ?? "nobody"}, and this device is ${device}`);
  const { fromMs, toMs } = datesOf(own);
  if (nowMs > toMs) throw new Fault("CERT_UNUSABLE", `the new certificate ended on ${day(toMs)}`);
  if (nowMs < fromMs)
    throw new Fault("CERT_UNUSABLE", `the new certificate begins only on ${day(fromMs)}, by this device's clock`);
  return day(toMs);
}

/** True where the first certificate is that of this key. @throws Fault CERT_UNUSABLE */
export function isForKey(cert: string, key: KeyObject): boolean {
  return certificatesOf(Buffer.from(cert), "the new certificate")[0]?.checkPrivateKey(key) === true;
}

/** Extended key usage of a certificate that may log in (RFC 5280, section 4.2.1.12). */
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
/** Most certificates between a device's and its authority's. */
const MOST_BETWEEN = 8;

/** The authorities that may sign devices. */
export class Issuers {
  readonly #roots: readonly X509Certificate[];

  /** @throws Fault CERT_UNUSABLE */
  constructor(pem: Buffer, setting: string) {
    this.#roots = certificatesOf(pem, setting);
  }

  /**
   * Follows the chain in `cert` to one of the authorities: each issued and signed by the next, all good now.
   * @throws Fault CERT_UNUSABLE where it does not end there, and where the certificate is not for logging in
   */
  check(cert: string, nowMs: number): void {
    const [own, ...between] = certificatesOf(Buffer.from(cert), "the new certificate");
    // Absent means: for anything.
    if (own?.keyUsage !== undefined && !own.keyUsage.includes(CLIENT_AUTH))
      throw new Fault("CERT_UNUSABLE", "the new certificate is not meant for logging in (clientAuth)");
    const signs = (issuer: X509Certificate, issued: X509Certificate): boolean => {
      const { fromMs, toMs } = datesOf(issuer);
      return (
        issuer.ca && fromMs <= nowMs && nowMs <= toMs && issued.checkIssued(issuer) && issued.verify(issuer.publicKey)
      );
    };
    let issued = own;
    for (let step = 0; issued !== undefined && step < MOST_BETWEEN; step += 1) {
      const one: X509Certificate = issued;
      if (this.#roots.some((root) => signs(root, one))) return;
      issued = between.find((issuer) => signs(issuer, one));
    }
    throw new Fault("CERT_UNUSABLE", "the new certificate does not lead to the authority by its chain");
  }
}

/** The warning that is due now, own certificate first; undefined where all hold for long enough. */
export function expiryFault(tls: TlsFiles, nowMs: number): Fault | undefined {
  const { own, ca } = validityOf(tls);
  for (const [what, validity] of [
    ["this device's certificate", own],
    ["the authority in caFile", ca],
  ] as const) {
    if (validity === undefined || daysLeft(validity, nowMs) >= WARN_DAYS) continue;
    // The date and not the days: the sentence stays the same from day to day.
    const ends = validity.toMs < nowMs ? "ended" : "ends";
    return new Fault("CERT_EXPIRING", `${what} ${ends} on ${day(validity.toMs)}`, {
      to: day(validity.toMs),
      own: validity === own,
    });
  }
  return undefined;
}

/** A failed handshake, with what this device's own certificate has to do with it. */
export function withOwnDates(fault: Fault, tls: TlsFiles, nowMs: number): Fault {
  if (fault.code !== "BROKER_TLS") return fault;
  const { own } = validityOf(tls);
  if (own === undefined || (own.fromMs <= nowMs && nowMs <= own.toMs)) return fault;
  const dates = own.toMs < nowMs ? `ended on ${day(own.toMs)}` : `begins only on ${day(own.fromMs)}`;
  const sentence = `${fault.message}; this device's certificate ${dates}, by this device's clock`;
  return new Fault("BROKER_TLS", sentence, fault.details);
}

/** Whole days until the end, negative after it. */
export function daysLeft({ toMs }: Validity, nowMs: number): number {
  return Math.floor((toMs - nowMs) / DAY_MS);
}

/** `valid 2026-01-01 to 2026-12-31, 20 days left`; the days only where they are few. */
export function validityText(validity: Validity, nowMs: number): string {
  const left = daysLeft(validity, nowMs);
  const soon = left < WARN_DAYS ? `, ${left} days left` : "";
  return `valid ${day(validity.fromMs)} to ${day(validity.toMs)}${soon}`;
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function datesOf({ validFrom, validTo }: X509Certificate): Validity {
  return { fromMs: Date.parse(validFrom), toMs: Date.parse(validTo) };
}

function certificatesOf(pem: Buffer, setting: string): X509Certificate[] {
  const blocks = pem.toString("latin1").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    const found = blocks.map((block) => new X509Certificate(block));
    if (found.length > 0) return found;
  } catch {
    // Said below in our own words.
  }
  throw new Fault("CERT_UNUSABLE", `${setting} holds no certificate in PEM`);
}
