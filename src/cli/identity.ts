// `touchpoint identity …`: the device's own key and certificate: asked for, put in, shown.
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import type { Command } from "commander";
import { loadConfig } from "../config/load.ts";
import { Issuers, validityText } from "../uplink/certificates.ts";
import { type IdentityPlace, installIdentity, requestIdentity, waitingFiles } from "../uplink/identity.ts";
import { Fault } from "../words/errors.ts";
import { CONFIG_OPTION } from "./outcome.ts";

/** Larger than any chain of certificates, bytes. */
const MAX_PEM_BYTES = 262_144;

interface Common {
  readonly config: string;
  readonly json?: boolean;
}

/** Adds `identity` with its verbs. */
export function registerIdentity(program: Command): void {
  const identity = program.command("identity").description("the device's own key and certificate");
  identity
    .command("request")
    .description("prints a request for a certificate (PKCS #10); its key is made here and stays here")
    .option(...CONFIG_OPTION)
    .option("--new", "with a new key, though a request waits")
    .option("--json", "one JSON object")
    .action(request);
  identity
    .command("install")
    .description("puts in the certificate that was issued; a running agent takes it by itself")
    .argument("<certificate>", "PEM file of the certificate, with its chain")
    .option(...CONFIG_OPTION)
    .option("--ca <file>", "PEM file of the authority that signs devices; without it local.broker.caFile")
    .option("--any-authority", "whoever signed it: the authority of the devices is not at hand")
    .option("--json", "one JSON object")
    .action(install);
  identity
    .command("show")
    .description("name, certificate and dates; whether a request waits")
    .option(...CONFIG_OPTION)
    .option("--json", "one JSON object")
    .action(show);
}

function request({ config, json, new: fresh }: Common & { new?: boolean }): void {
  const place = placeOf(config);
  const pem = requestIdentity(place, fresh === true);
  const told = { device: place.device, request: pem, file: waitingFiles(place.dataDir).request };
  process.stdout.write(json === true ? `${JSON.stringify(told)}\n` : pem);
}

function install(certificate: string, options: Common & { ca?: string; anyAuthority?: boolean }): void {
  const place = placeOf(options.config);
  const ca = options.ca ?? place.broker.caFile;
  if (ca === undefined && options.anyAuthority !== true)
    throw new Fault("CERT_UNUSABLE", "no authority is named: give --ca FILE, or --any-authority");
  const issuers = options.anyAuthority === true || ca === undefined ? undefined : new Issuers(pemIn(ca), ca);
  const until = installIdentity(place, pemIn(certificate).toString("utf8"), issuers, Date.now());
  const told = { ok: true, certificate: place.broker.certFile, until };
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(told)}\n`
      : `installed as ${told.certificate}; ends on ${until}. A running agent takes it within seconds.\n`,
  );
}

function show({ config, json }: Common): void {
  const { dataDir, device, broker } = placeOf(config);
  const { certFile } = broker;
  const own = certFile === undefined || !existsSync(certFile) ? undefined : new X509Certificate(pemIn(certFile));
  const { request: file } = waitingFiles(dataDir);
  const waits = existsSync(file) ? file : undefined;
  const certificate = own && {
    subject: own.subject,
    issuer: own.issuer,
    serial: own.serialNumber,
    from: new Date(own.validFrom).toISOString(),
    to: new Date(own.validTo).toISOString(),
    sha256: own.fingerprint256,
  };
  const validity = own && { fromMs: Date.parse(own.validFrom), toMs: Date.parse(own.validTo) };
  const lines = [
    `device       ${device}`,
    `certificate  ${certificate === undefined || validity === undefined ? "none" : `${certificate.subject}, ${validityText(validity, Date.now())}`}`,
    ...(certificate === undefined ? [] : [`sha256       ${certificate.sha256}`, `issued by    ${certificate.issuer}`]),
    `request      ${waits ?? "none waits"}`,
  ];
  const told = { device, certificate: certificate ?? null, request: waits ?? null };
  process.stdout.write(json === true ? `${JSON.stringify(told)}\n` : `${lines.join("\n")}\n`);
}

/** @throws Fault CERT_UNUSABLE where there is no place for a certificate */
function placeOf(path: string): IdentityPlace & { readonly broker: { readonly caFile?: string | undefined } } {
  const { dataDir, device, broker } = loadConfig(path).config.local;
  if (broker?.certFile === undefined || broker.keyFile === undefined)
    throw new Fault("CERT_UNUSABLE", "local.broker names no certFile and keyFile: say where they are to be");
  return { dataDir, device, broker };
}

/** @throws Fault CERT_UNUSABLE where it cannot be read or is far too large */
export function pemIn(file: string): Buffer {
  try {
    if (statSync(file).size <= MAX_PEM_BYTES) return readFileSync(file);
  } catch (thrown) {
    throw new Fault("CERT_UNUSABLE", `cannot read ${file}`, {}, thrown);
  }
  throw new Fault("CERT_UNUSABLE", `${file} is larger than any certificate`);
}
