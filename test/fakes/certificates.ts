// A private certificate authority made by openssl for one test, with server and client certificates.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  readonly ca: string;
  /** Issues a certificate; `days` are counted from now, and may lie in the past or future. */
  issue(name: string, options?: { commonName?: string; fromDays?: number; toDays?: number }): CertificateFiles;
  /** Signs a request of somebody else's, PEM; `extensions` names a section of the authority's settings. Returns the file. */
  sign(name: string, request: string, options?: { fromDays?: number; toDays?: number; extensions?: string }): string;
}

/** Makes an authority in `dir` that lasts for so many days. Certificates are for 127.0.0.1 and localhost. @throws Error without openssl */
export function makeAuthority(dir: string, days = 2): Authority {
  mkdirSync(dir, { recursive: true });
  const openssl = (...args: string[]): void => {
    execFileSync("openssl", args, { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
  };
  writeFileSync(
    join(dir, "ca.conf"),
    [
      "[ca]\ndefault_ca = private",
      `[private]\ndatabase = ${join(dir, "index.txt")}\nnew_certs_dir = ${dir}\nrand_serial = yes`,
      "certificate = ca.crt\nprivate_key = ca.key\ndefault_md = sha256\npolicy = any\nunique_subject = no",
      "[any]\ncommonName = supplied",
      "[leaf]\nsubjectAltName = IP:127.0.0.1,DNS:localhost\nbasicConstraints = CA:FALSE",
      "[server]\nextendedKeyUsage = serverAuth\nbasicConstraints = CA:FALSE",
      "[between]\nbasicConstraints = critical,CA:TRUE",
    ].join("\n"),
  );
  writeFileSync(join(dir, "index.txt"), "");
  const fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...fresh,
    "-keyout",
    "ca.key",
    "-out",
    "ca.crt",
    "-days",
    String(days),
    "-subj",
    "/CN=Test CA",
  );
  const sign = (name: string, extensions: string, fromDays: number, toDays: number): string => {
    openssl(
      ...["ca", "-batch", "-notext", "-config", "ca.conf", "-extensions", extensions],
      ...["-startdate", generalized(fromDays), "-enddate", generalized(toDays)],
      ...["-in", `${name}.csr`, "-out", `${name}.crt`],
    );
    return join(dir, `${name}.crt`);
  };
  return {
    ca: join(dir, "ca.crt"),
    issue(name, { commonName = name, fromDays = -1, toDays = 1 } = {}) {
      openssl(
        "req",
        ...fresh,
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.csr`,
        "-subj",
        `/CN=${commonName.replace(/[/+]/g, "\\$&")}`,
      );
      return { cert: sign(name, "leaf", fromDays, toDays), key: join(dir, `${name}.key`) };
    },
    sign(name, request, { fromDays = -1, toDays = 1, extensions = "leaf" } = {}) {
      writeFileSync(join(dir, `${name}.csr`), request);
      return sign(name, extensions, fromDays, toDays);
    },
  };
}

/** YYYYMMDDHHMMSSZ, so many days from now. */
function generalized(days: number): string {
  const at = new Date(Date.now() + days * 86_400_000);
  return `${at
    .toISOString()
    .replace(/[-:T]/g, "")
    .replace(/\.\d+Z$/, "")}Z`;
}
