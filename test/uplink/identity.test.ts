// The device's identity: the key made here, the request that openssl reads, the certificate put in and taken by a running agent.
import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { askingInTime } from "../../src/agent/identity.ts";
import { Issuers } from "../../src/uplink/certificates.ts";
import { type IdentityPlace, installIdentity, requestIdentity, waitingFiles } from "../../src/uplink/identity.ts";
import { Fault } from "../../src/words/errors.ts";
import { type Authority, type CertificateFiles, makeAuthority } from "../fakes/certificates.ts";
import { MOSQUITTO_ABSENT, startMosquitto } from "../fakes/mosquitto.ts";
import { DEVICE, mosquittoAbsent, startUplink, until, uplinkSettings } from "./rig.ts";

const MAIN = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "touchpoint-identity-"));
let authority: Authority;
let issuers: Issuers;
beforeAll(() => {
  authority = makeAuthority(join(dir, "authority"), 400);
  issuers = new Issuers(readFileSync(authority.ca), "ca");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

let devices = 0;
function newDevice(): IdentityPlace & { broker: { certFile: string; keyFile: string } } {
  devices += 1;
  const dataDir = mkdtempSync(join(dir, `device-${devices}-`));
  return { dataDir, device: DEVICE, broker: { certFile: join(dataDir, "own.crt"), keyFile: join(dataDir, "own.key") } };
}
const issued = (place: IdentityPlace, options: Parameters<Authority["sign"]>[2] = {}): string =>
  readFileSync(authority.sign(`issued-${devices}`, requestIdentity(place), options), "utf8");
const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (thrown) {
    return thrown instanceof Fault ? `${thrown.code}: ${thrown.message}` : String(thrown);
  }
  return "nothing was refused";
};

describe("a request", () => {
  it("is one that openssl believes, for the device's name, and its key is the owner's alone", () => {
    const place = newDevice();
    const request = requestIdentity(place);
    const said = execFileSync("openssl", ["req", "-verify", "-noout", "-text", "-subject"], {
      input: request,
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
    });
    expect(said).toMatch(new RegExp(`Subject: CN ?= ?${DEVICE}`));
    expect(said).toContain("ASN1 OID: prime256v1");
    expect(said).toContain("Signature Algorithm: ecdsa-with-SHA256");
    const { key } = waitingFiles(place.dataDir);
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(request).not.toContain("PRIVATE");
    expect(createPrivateKey(readFileSync(key)).asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
  });

  it("with a name of any length is one too", () => {
    for (const length of [1, 48]) {
      const place = { ...newDevice(), device: "a".repeat(length) };
      const { status, stderr } = spawnSync("openssl", ["req", "-verify", "-noout"], {
        input: requestIdentity(place),
        encoding: "utf8",
      });
      expect([status, stderr]).toEqual([0, expect.stringContaining("OK")]);
    }
  });

  it("stays the same until its certificate is in, and is made anew where it is asked for or half of it is there", () => {
    const place = newDevice();
    const first = requestIdentity(place);
    expect(requestIdentity(place)).toBe(first);
    const files = waitingFiles(place.dataDir);
    const key = readFileSync(files.key, "utf8");
    writeFileSync(files.request, "half of a reques");
    expect(requestIdentity(place)).toContain("BEGIN CERTIFICATE REQUEST");
    expect(readFileSync(files.key, "utf8")).toBe(key);
    requestIdentity(place, true);
    expect(readFileSync(files.key, "utf8")).not.toBe(key);
    // Of another name, as in a folder that was copied to another device.
    expect(requestIdentity({ ...place, device: "till-99" })).not.toBe(first);
  });

  it("never asks again for a key that is in use: a power cut after an installation may leave it", () => {
    const place = newDevice();
    requestIdentity(place);
    const files = waitingFiles(place.dataDir);
    writeFileSync(place.broker.keyFile, readFileSync(files.key));
    requestIdentity(place);
    expect(readFileSync(files.key, "utf8")).not.toBe(readFileSync(place.broker.keyFile, "utf8"));
  });

  it("waits with the first word that the device's own certificate ends soon, and not for the authority's sake", () => {
    const place = newDevice();
    const states: string[] = [];
    const report = askingInTime((state, fault) => states.push(fault?.code ?? state), place);
    report("ok");
    report("degraded", new Fault("CERT_EXPIRING", "the authority ends", { own: false }));
    expect(existsSync(waitingFiles(place.dataDir).request)).toBe(false);
    report("degraded", new Fault("CERT_EXPIRING", "this device's ends", { own: true }));
    expect(existsSync(waitingFiles(place.dataDir).request)).toBe(true);
    expect(states).toEqual(["ok", "CERT_EXPIRING", "CERT_EXPIRING"]);
  });
});

describe("a certificate", () => {
  it("is put in with the key that waited, which waits no longer; later again with another key", () => {
    const place = newDevice();
    const cert = issued(place);
    installIdentity(place, cert, issuers, Date.now());
    expect(readFileSync(place.broker.certFile, "utf8")).toBe(cert);
    expect(readdirSync(place.dataDir).sort()).toEqual(["own.crt", "own.key"]);
    expect(statSync(place.broker.keyFile).mode & 0o777).toBe(0o600);
    const key = readFileSync(place.broker.keyFile, "utf8");
    installIdentity(place, issued(place, { toDays: 20 }), issuers, Date.now());
    expect(readFileSync(place.broker.keyFile, "utf8")).not.toBe(key);
  });

  it("for the key in use is put in too, while a request waits", () => {
    const place = newDevice();
    const request = requestIdentity(place);
    installIdentity(place, readFileSync(authority.sign("again-1", request), "utf8"), issuers, Date.now());
    const renewed = readFileSync(authority.sign("again-2", request, { toDays: 9 }), "utf8");
    requestIdentity(place);
    installIdentity(place, renewed, issuers, Date.now());
    expect(readFileSync(place.broker.certFile, "utf8")).toBe(renewed);
    expect(existsSync(waitingFiles(place.dataDir).request)).toBe(true);
  });

  it("with one between it and the authority is followed over that", () => {
    const place = newDevice();
    const folder = join(dir, "between");
    const second = makeAuthority(folder);
    // The second authority's own key, signed by the first.
    const request = execFileSync("openssl", ["req", "-new", "-key", "ca.key", "-subj", "/CN=Between"], {
      cwd: folder,
      encoding: "utf8",
    });
    const between = readFileSync(authority.sign("between", request, { extensions: "between" }), "utf8");
    writeFileSync(second.ca, between);
    const leaf = readFileSync(second.sign("leaf", requestIdentity(place)), "utf8");
    expect(refusal(() => installIdentity(place, leaf, issuers, Date.now()))).toContain(
      "does not lead to the authority",
    );
    installIdentity(place, `${leaf}${between}`, issuers, Date.now());
    expect(readFileSync(place.broker.certFile, "utf8")).toBe(`${leaf}${between}`);
  });

  it("that is of another key, name, time, authority or purpose is refused, and nothing changes", () => {
    const place = newDevice();
    requestIdentity(place);
    const of = (files: CertificateFiles): string => readFileSync(files.cert, "utf8");
    const stranger = makeAuthority(join(dir, `stranger-${devices}`));
    const request = requestIdentity(place);
    const by = (one: Authority, name: string, options: Parameters<Authority["sign"]>[2] = {}): string =>
      readFileSync(one.sign(name, request, options), "utf8");
    const cases: [string, string][] = [
      [of(authority.issue("key", { commonName: DEVICE })), "another key"],
      [by(authority, "over", { fromDays: -9, toDays: -1 }), "ended on"],
      [by(authority, "early", { fromDays: 2, toDays: 9 }), "begins only on"],
      [by(stranger, "stranger"), "does not lead to the authority"],
      [by(authority, "server", { extensions: "server" }), "not meant for logging in"],
      [
        readFileSync(authority.sign("name", requestIdentity({ ...newDevice(), device: "till-99" })), "utf8"),
        "is for till-99",
      ],
      ["no certificate", "no certificate in PEM"],
    ];
    const before = readdirSync(place.dataDir).sort();
    for (const [cert, why] of cases)
      expect(refusal(() => installIdentity(place, cert, issuers, Date.now()))).toMatch(
        new RegExp(`^CERT_UNUSABLE: .*${why}`),
      );
    expect(readdirSync(place.dataDir).sort()).toEqual(before);
  });
});

describe.skipIf(mosquittoAbsent)(`with a real Mosquitto${mosquittoAbsent ? ` - ${MOSQUITTO_ABSENT}` : ""}`, () => {
  it("by the verbs: from nothing to a login, and over to the next certificate without a restart", async () => {
    const server = authority.issue("broker");
    const lines = [`certfile ${server.cert}`, `keyfile ${server.key}`, `cafile ${authority.ca}`];
    const mosquitto = await startMosquitto({ lines: [...lines, "require_certificate true"] });
    ending.push(() => mosquitto.dispose());
    const url = mosquitto.url.replace("mqtt:", "mqtts:");
    const { dataDir, broker } = newDevice();
    const config = join(dataDir, "touchpoint.yaml");
    const local = { device: DEVICE, site: "s", dataDir, broker: { url, caFile: authority.ca, ...broker } };
    writeFileSync(config, JSON.stringify({ version: 1, local, fleet: { touchpoints: [{ id: "checkout" }] } }));
    const identity = (...args: string[]): string =>
      execFileSync(process.execPath, [MAIN, "identity", ...args, "--config", config], { encoding: "utf8" });

    const cert = join(dataDir, "issued.crt");
    writeFileSync(cert, readFileSync(authority.sign("first", identity("request"))));
    expect(JSON.parse(identity("show", "--json"))).toMatchObject({ device: DEVICE, certificate: null });
    expect(identity("install", cert)).toContain("installed as");
    const up = startUplink(uplinkSettings(url, { caFile: authority.ca, ...broker }));
    ending.push(() => up.stop());
    await until(() => up.state() === "ok");

    writeFileSync(cert, readFileSync(authority.sign("second", identity("request"), { toDays: 200 })));
    identity("install", cert);
    await until(() => up.clients.length === 2 && up.clients[1]?.connected === true);
    expect(String(up.clients[1]?.options.cert)).toBe(readFileSync(cert, "utf8"));
    expect(up.reports.map(({ state }) => state)).not.toContain("degraded");
    expect(identity("show")).toMatch(new RegExp(`CN=${DEVICE}, valid`));
  });
});
