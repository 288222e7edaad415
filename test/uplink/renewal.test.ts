// Renewed certificates and passwords are noticed and used with one reconnection; what cannot be used changes nothing.
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { checkRenewed, expiryFault, withOwnDates } from "../../src/uplink/certificates.ts";
import { finishInstall, installCertificate } from "../../src/uplink/install.ts";
import { Fault } from "../../src/words/errors.ts";
import { type Authority, type CertificateFiles, makeAuthority } from "../fakes/certificates.ts";
import { MOSQUITTO_ABSENT, startMosquitto } from "../fakes/mosquitto.ts";
import {
  commitMany,
  DEVICE,
  mosquittoAbsent,
  startUplink,
  subscribe,
  type UplinkUnderTest,
  until,
  uplinkSettings,
} from "./rig.ts";

const dir = mkdtempSync(join(tmpdir(), "touchpoint-renewal-"));
let authority: Authority;
let server: CertificateFiles;
let first: CertificateFiles;
let second: CertificateFiles;
let soon: CertificateFiles;
beforeAll(() => {
  authority = makeAuthority(join(dir, "authority"), 400);
  server = authority.issue("server");
  first = authority.issue("first", { commonName: DEVICE, toDays: 200 });
  second = authority.issue("second", { commonName: DEVICE, toDays: 300 });
  soon = authority.issue("soon", { commonName: DEVICE, toDays: 20 });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

let folders = 0;
/** A device's own copies of a pair. */
function placed(pair: CertificateFiles): CertificateFiles {
  folders += 1;
  const own = { cert: join(dir, `device-${folders}.crt`), key: join(dir, `device-${folders}.key`) };
  copyFileSync(pair.cert, own.cert);
  copyFileSync(pair.key, own.key);
  return own;
}
const text = ({ cert, key }: CertificateFiles): { cert: string; key: string } => ({
  cert: readFileSync(cert, "utf8"),
  key: readFileSync(key, "utf8"),
});
const replace = (from: string, to: string): void => {
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
};

describe.skipIf(mosquittoAbsent)(`with a real Mosquitto${mosquittoAbsent ? ` - ${MOSQUITTO_ABSENT}` : ""}`, () => {
  const connected = async (
    pair: CertificateFiles,
  ): Promise<{ up: UplinkUnderTest; own: CertificateFiles; url: string }> => {
    const own = placed(pair);
    const lines = [`certfile ${server.cert}`, `keyfile ${server.key}`, `cafile ${authority.ca}`];
    const mosquitto = await startMosquitto({ lines: [...lines, "require_certificate true"] });
    ending.push(() => mosquitto.dispose());
    const url = mosquitto.url.replace("mqtt:", "mqtts:");
    const up = startUplink(uplinkSettings(url, { caFile: authority.ca, certFile: own.cert, keyFile: own.key }));
    ending.push(() => up.stop());
    await until(() => up.state() === "ok");
    return { up, own, url };
  };

  test("a new pair is used once it is whole: one reconnection, nothing degraded, nothing lost", async () => {
    const { up, own, url } = await connected(first);
    const options = { ca: readFileSync(authority.ca), cert: readFileSync(first.cert), key: readFileSync(first.key) };
    const watcher = await subscribe(url, { ...options, clientId: "watcher", protocol: "mqtts" });
    ending.push(() => watcher.end());
    await commitMany(up.journal, "press", 50);
    replace(second.key, own.key);
    await until(() => up.certificates.some(({ fault }) => fault?.code === "CERT_UNUSABLE"));
    expect(up.clients).toHaveLength(1);
    replace(second.cert, own.cert);
    await until(() => up.clients.length === 2 && up.clients[1]?.connected === true);
    expect(String(up.clients[1]?.options.cert)).toBe(readFileSync(second.cert, "utf8"));
    await until(() => up.certificates.at(-1)?.state === "ok");
    await commitMany(up.journal, "press", 50);
    await until(() => watcher.seqs().length === 100);
    expect(up.reports.map(({ state }) => state)).not.toContain("degraded");
    await until(() => watcher.under("status").at(-1)?.json.conn === 2);
    expect(watcher.under("status").map(({ json }) => json.state)).not.toContain("offline");
    // Written again with the same content: no news. The next renewal is then the third connection, not the fourth.
    replace(second.cert, own.cert);
    installCertificate({ certFile: own.cert, keyFile: own.key }, text(first));
    await until(() => up.clients.at(-1)?.connected === true && up.clients.length > 2);
    expect(String(up.clients[2]?.options.cert)).toBe(readFileSync(first.cert, "utf8"));
  });

  test("while the new files cannot be used, a lost connection comes back with the old ones", async () => {
    const { up, own } = await connected(first);
    writeFileSync(own.cert, "half of a certif");
    await until(() => up.certificates.at(-1)?.fault?.code === "CERT_UNUSABLE");
    up.clients[0]?.stream.destroy();
    await until(() => up.clients.length === 2 && up.state() === "ok");
    expect(String(up.clients[1]?.options.cert)).toBe(readFileSync(first.cert, "utf8"));
  });

  test("one that ends within 30 days is said, with its day and what to do, until it is renewed", async () => {
    const { up, own } = await connected(soon);
    const day = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
    await until(() => up.certificates.at(-1)?.fault?.code === "CERT_EXPIRING");
    expect(up.certificates.at(-1)?.fault).toMatchObject({
      message: `this device's certificate ends on ${day}`,
      hint: expect.stringContaining("Have a new one issued"),
    });
    installCertificate({ certFile: own.cert, keyFile: own.key }, text(second));
    await until(() => up.certificates.at(-1)?.state === "ok" && up.clients.length === 2);
    await until(() => up.clients[1]?.connected === true);
  });

  test("a new password is tried at once, however long the wait", async () => {
    const users = join(dir, "users");
    writeFileSync(users, "");
    execFileSync("mosquitto_passwd", ["-b", users, DEVICE, "right"]);
    const mosquitto = await startMosquitto({ anonymous: false, lines: [`password_file ${users}`] });
    ending.push(() => mosquitto.dispose());
    const passwordFile = join(dir, "password");
    const timings = {
      backoff: { firstMs: 3_600_000, maxMs: 3_600_000, stableAfterMs: 10_000 },
      renewalMs: 20,
      connackMs: 2_000,
    };
    const up = startUplink(uplinkSettings(mosquitto.url, { passwordFile }), undefined, timings);
    ending.push(() => up.stop());
    await until(() => up.reports.some(({ fault }) => fault?.code === "CONFIG_SECRET"));
    writeFileSync(passwordFile, "wrong\n");
    await until(() => up.reports.some(({ fault }) => fault?.code === "BROKER_REFUSED"));
    writeFileSync(passwordFile, "right\n");
    await until(() => up.state() === "ok");
  });
});

test("a nudge ends the wait: the clock was set, or the network came up", async () => {
  let nudge: () => void = () => undefined;
  const backoff = { firstMs: 3_600_000, maxMs: 3_600_000, stableAfterMs: 10_000 };
  const up = startUplink(
    uplinkSettings("mqtt://127.0.0.1:1"),
    undefined,
    { backoff },
    {
      onNudge: (call) => {
        nudge = call;
      },
    },
  );
  ending.push(() => up.stop());
  for (const attempts of [1, 2, 3]) {
    await until(() => up.clients.length === attempts && up.state() === "degraded");
    await until(() => {
      nudge();
      return up.clients.length > attempts;
    });
  }
});

test("an installation cut off at any step ends with a pair that works, old or new", () => {
  const old = text(first);
  const fresh = text(second);
  const own = placed(first);
  const files = { certFile: own.cert, keyFile: own.key };
  // What the disk may hold after each step of `installCertificate`, and what must come of it.
  const cuts: readonly [Partial<Record<"cert" | "key" | "certNext" | "keyNext", string>>, typeof old][] = [
    [{}, old],
    [{ certNext: fresh.cert }, old],
    [{ certNext: fresh.cert, keyNext: fresh.key }, fresh],
    [{ certNext: fresh.cert, key: fresh.key }, fresh],
    [{ cert: fresh.cert, key: fresh.key }, fresh],
    [{ certNext: fresh.cert.slice(0, 100) }, old],
    [{ certNext: fresh.cert, keyNext: fresh.key.slice(0, 50) }, old],
  ];
  for (const [disk, expected] of cuts) {
    writeFileSync(own.cert, disk.cert ?? old.cert);
    writeFileSync(own.key, disk.key ?? old.key);
    if (disk.certNext !== undefined) writeFileSync(`${own.cert}.next`, disk.certNext);
    if (disk.keyNext !== undefined) writeFileSync(`${own.key}.next`, disk.keyNext);
    finishInstall(files);
    expect(text(own)).toEqual(expected);
    expect([existsSync(`${own.cert}.next`), existsSync(`${own.key}.next`)]).toEqual([false, false]);
  }
});

test("what cannot be used is not installed", () => {
  const own = placed(first);
  const files = { certFile: own.cert, keyFile: own.key };
  const before = text(own);
  const mixed = { cert: text(second).cert, key: text(first).key };
  for (const pair of [mixed, { cert: "", key: "" }, { cert: text(second).cert, key: "junk" }])
    expect(() => installCertificate(files, pair)).toThrow(expect.objectContaining({ code: "CERT_UNUSABLE" }));
  expect(() => installCertificate({}, text(second))).toThrow(expect.objectContaining({ code: "CERT_UNUSABLE" }));
  expect(text(own)).toEqual(before);
  installCertificate(files, text(second));
  expect(text(own)).toEqual(text(second));
});

test("the warning comes with the 30th day and stays the same sentence until the end", () => {
  const tls = { cert: readFileSync(first.cert) };
  const endMs = Date.now() + 200 * 86_400_000;
  expect(expiryFault(tls, endMs - 31 * 86_400_000)).toBeUndefined();
  const said = [29, 20, 1].map((days) => expiryFault(tls, endMs - days * 86_400_000)?.message);
  expect(new Set(said).size).toBe(1);
  expect(said[0]).toMatch(/this device's certificate ends on \d{4}-/);
  expect(expiryFault(tls, endMs + 86_400_000)?.message).toMatch(/ended on/);
});

test("a failed handshake names this device's certificate only where its dates are the reason", () => {
  const fault = new Fault("BROKER_TLS", "no trusted TLS connection");
  const tls = { cert: readFileSync(first.cert) };
  expect(withOwnDates(fault, tls, Date.now())).toBe(fault);
  expect(withOwnDates(fault, tls, 0).message).toMatch(/begins only on .* by this device's clock/);
  expect(withOwnDates(fault, tls, Date.now() + 1e12).message).toMatch(/ended on/);
  const other = new Fault("BROKER_LOST", "gone");
  expect(withOwnDates(other, tls, 0)).toBe(other);
});

describe("mqtt renew", () => {
  const main = new URL("../../dist/src/cli/main.js", import.meta.url).pathname;
  const renewing = (own: CertificateFiles) => {
    const file = join(dir, "renew.yaml");
    const broker = `{ url: "mqtts://127.0.0.1:1", certFile: ${own.cert}, keyFile: ${own.key} }`;
    writeFileSync(
      file,
      `version: 1\nlocal: { device: ${DEVICE}, site: vno-akropolis, broker: ${broker} }\nfleet: { touchpoints: [{ id: checkout }] }\n`,
    );
    return (cert: string, key: string) =>
      spawnSync(process.execPath, [main, "mqtt", "renew", cert, key, "--config", file], { encoding: "utf8" });
  };

  test("puts a new pair in place, readable for whom the old one was", () => {
    const own = placed(first);
    chmodSync(own.key, 0o640);
    const done = renewing(own)(second.cert, second.key);
    expect([done.status, done.stderr]).toEqual([0, ""]);
    expect(done.stdout).toMatch(/ends on \d{4}-\d\d-\d\d/);
    expect(text(own)).toEqual(text(second));
    expect(statSync(own.key).mode & 0o777).toBe(0o640);
  });

  test("refuses what this device could not log in with, and changes nothing", () => {
    const own = placed(first);
    const renew = renewing(own);
    const other = authority.issue("other", { commonName: "till-99", toDays: 100 });
    const ended = authority.issue("ended", { commonName: DEVICE, fromDays: -9, toDays: -2 });
    const later = authority.issue("later", { commonName: DEVICE, fromDays: 5, toDays: 9 });
    const empty = join(dir, "empty.pem");
    writeFileSync(empty, "");
    const huge = join(dir, "huge.pem");
    writeFileSync(huge, Buffer.alloc(300_000, 0x41));
    for (const [cert, why] of [
      [other.cert, "is for till-99"],
      [ended.cert, "ended on"],
      [later.cert, "begins only on"],
      [second.key, "no certificate"],
      [empty, "no certificate"],
    ] as const)
      expect(() => checkRenewed(readFileSync(cert, "utf8"), DEVICE, Date.now()), why).toThrow(why);
    for (const [cert, key, why] of [
      [other.cert, other.key, "is for till-99"],
      [second.cert, first.key, "is not the one"],
      [huge, second.key, "larger than any"],
      [dir, second.key, "cannot read"],
    ] as const) {
      const { status, stderr } = renew(cert, key);
      expect(status, why).toBe(1);
      expect(stderr).toContain("CERT_UNUSABLE");
      expect(stderr).toContain(why);
    }
    expect(text(own)).toEqual(text(first));
  });
});
