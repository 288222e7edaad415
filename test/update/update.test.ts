// Signed packages: which are believed, which are refused and why, and that a refused or killed one leaves nothing behind.
import { spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { createUpdating } from "../../src/agent/updating.ts";
import { Config } from "../../src/config/schema.ts";
import { updateCheck } from "../../src/doctor/checks/update.ts";
import type { Patient } from "../../src/doctor/finding.ts";
import type { Manifest } from "../../src/update/manifest.ts";
import {
  clearUpdateLeftovers,
  incomingFolder,
  openPackage,
  takePackage,
  type UpdatePlace,
  verifyPackage,
} from "../../src/update/take.ts";
import { compareVersions } from "../../src/update/version.ts";
import { updateCommand } from "../../src/uplink/update-command.ts";
import { Fault } from "../../src/words/errors.ts";
import { hasCompiler } from "../fakes/preloaded.ts";
import { buildSlowSync, slowSyncEnv } from "../fakes/slow-sync.ts";
import { until } from "../fakes/until.ts";

const MAIN = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const hasNamespaces = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;
const never = new AbortController().signal;
const [ours, theirs] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")];

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function fresh(): string {
  const folder = mkdtempSync(join(tmpdir(), "touchpoint-update-"));
  folders.push(folder);
  return folder;
}

interface Rig {
  readonly place: UpdatePlace;
  readonly from: string;
  /** Lays a package; returns the path of its manifest. */
  lay(more?: Partial<Manifest>, key?: KeyObject): string;
}

function rig(): Rig {
  const folder = fresh();
  const [from, dataDir, keyFile] = [join(folder, "from"), join(folder, "data"), join(folder, "signer.pem")];
  mkdirSync(from);
  mkdirSync(dataDir);
  writeFileSync(keyFile, ours.publicKey.export({ type: "spki", format: "pem" }));
  return {
    from,
    place: {
      settings: { keyFiles: [keyFile], from },
      dataDir,
      device: { version: "0.1.0", architecture: process.arch },
    },
    lay(more = {}, key = ours.privateKey) {
      const content = Buffer.alloc(300_000, "package ");
      const manifest = {
        name: "touchpoint",
        version: "0.2.0",
        architecture: process.arch,
        file: "touchpoint.tar.gz",
        size: content.length,
        sha256: createHash("sha256").update(content).digest("hex"),
        ...more,
      };
      const bytes = Buffer.from(JSON.stringify(manifest));
      const path = join(from, "touchpoint.json");
      writeFileSync(join(from, "touchpoint.tar.gz"), content);
      writeFileSync(path, bytes);
      writeFileSync(`${path}.sig`, `${sign(null, bytes, key).toString("base64")}\n`);
      return path;
    },
  };
}

async function taken(path: string, place: UpdatePlace, downgrade = false): Promise<string> {
  try {
    await takePackage(await openPackage(path, place, downgrade), place, never);
    return "taken";
  } catch (thrown) {
    return thrown instanceof Fault ? thrown.code : String(thrown);
  }
}
/** Everything below the data folder. */
const left = (place: UpdatePlace): string[] =>
  (readdirSync(place.dataDir, { recursive: true }) as string[]).filter((name) => name !== "update").sort();

describe("a package", () => {
  it("that is signed, whole and newer is handed over; the same again is no news, another one waits its turn", async () => {
    const { place, lay, from } = rig();
    const path = lay();
    expect(await taken(path, place)).toBe("taken");
    const incoming = incomingFolder(place.dataDir);
    expect(readdirSync(incoming).sort()).toEqual(["manifest.json", "manifest.json.sig", "touchpoint.tar.gz"]);
    expect(readFileSync(join(incoming, "touchpoint.tar.gz"))).toEqual(readFileSync(join(from, "touchpoint.tar.gz")));
    // What waits can be verified once more, by the installer.
    const again = await openPackage(join(incoming, "manifest.json"), place, false);
    await verifyPackage(again, never);
    expect(await taken(path, place)).toBe("taken");
    expect(await taken(lay({ version: "0.3.0" }), place)).toBe("UPDATE_WAITING");
    expect(left(place)).toHaveLength(4);
  });

  const refused: [string, string, (one: Rig) => string][] = [
    ["signed by another key", "UPDATE_SIGNATURE", ({ lay }) => lay({}, theirs.privateKey)],
    [
      "whose manifest was changed after signing",
      "UPDATE_SIGNATURE",
      ({ lay }) => edit(lay(), (text) => text.replace("0.2.0", "9.2.0")),
    ],
    ["without a signature", "UPDATE_SIGNATURE", ({ lay }) => drop(lay(), ".sig")],
    ["with half a signature", "UPDATE_SIGNATURE", ({ lay }) => edit(lay(), (text) => text.slice(0, 40), ".sig")],
    ["with a signature of gigabytes", "UPDATE_SIGNATURE", ({ lay }) => grow(lay(), ".sig")],
    ["that is not there", "UPDATE_MANIFEST", ({ from }) => join(from, "nothing.json")],
    ["whose manifest is gigabytes", "UPDATE_MANIFEST", ({ lay }) => grow(lay(), "")],
    ["whose manifest is a folder", "UPDATE_MANIFEST", ({ from }) => from],
    ["of another program", "UPDATE_MANIFEST", ({ lay }) => lay({ name: "other" as "touchpoint" })],
    ["that is far too large", "UPDATE_MANIFEST", ({ lay }) => lay({ size: 2_000_000_000 })],
    ["that names a file elsewhere", "UPDATE_MANIFEST", ({ lay }) => lay({ file: "../signer.pem" })],
    ["of no version", "UPDATE_MANIFEST", ({ lay }) => lay({ version: "newest" })],
    [
      "for another processor",
      "UPDATE_ARCHITECTURE",
      ({ lay }) => lay({ architecture: process.arch === "arm" ? "x64" : "arm" }),
    ],
    ["of an older version", "UPDATE_OLDER", ({ lay }) => lay({ version: "0.0.9" })],
    ["of the same version", "UPDATE_OLDER", ({ lay }) => lay({ version: "0.1.0" })],
    ["of a version before the one that runs", "UPDATE_OLDER", ({ lay }) => lay({ version: "0.1.0-rc.1" })],
    ["that was cut short", "UPDATE_PACKAGE", ({ lay, from }) => cut(lay(), join(from, "touchpoint.tar.gz"))],
    ["with another byte in it", "UPDATE_PACKAGE", ({ lay, from }) => flip(lay(), join(from, "touchpoint.tar.gz"))],
    ["whose file is missing", "UPDATE_PACKAGE", ({ lay }) => lay({ file: "missing.tar.gz" })],
    ["whose file is a link", "UPDATE_PACKAGE", ({ lay, from }) => link(lay({ file: "link.tar.gz" }), from)],
  ];
  it.each(refused)("%s is refused as %s, and nothing is left behind", async (_, code, make) => {
    const one = rig();
    expect(await taken(make(one), one.place)).toBe(code);
    expect(left(one.place)).toEqual([]);
  });

  it("of an older version is taken where that is said", async () => {
    const { place, lay } = rig();
    expect(await taken(lay({ version: "0.0.9" }), place, true)).toBe("taken");
  });

  it("signed by either of two keys is believed while keys change, and none without a key or by a private one", async () => {
    const { place, lay, from } = rig();
    const second = join(from, "second.pem");
    writeFileSync(second, theirs.publicKey.export({ type: "spki", format: "pem" }));
    const both = { ...place, settings: { from, keyFiles: [...(place.settings?.keyFiles ?? []), second] } };
    expect(await taken(lay({}, theirs.privateKey), both)).toBe("taken");
    expect(await taken(lay(), { ...place, settings: undefined })).toBe("UPDATE_OFF");
    writeFileSync(second, theirs.privateKey.export({ type: "pkcs8", format: "pem" }));
    expect(await taken(lay(), both)).toBe("UPDATE_KEY");
    writeFileSync(
      second,
      generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ type: "spki", format: "pem" }),
    );
    expect(await taken(lay(), both)).toBe("UPDATE_KEY");
  });

  it("that changes while it is read is refused", async () => {
    const { place, lay, from } = rig();
    const signed = await openPackage(lay(), place, false);
    writeFileSync(join(from, "touchpoint.tar.gz"), Buffer.alloc(400_000, "package "));
    await expect(takePackage(signed, place, never)).rejects.toMatchObject({ code: "UPDATE_PACKAGE" });
    expect(left(place)).toEqual([]);
  });
});

function edit(path: string, change: (text: string) => string, end = ""): string {
  writeFileSync(`${path}${end}`, change(readFileSync(`${path}${end}`, "utf8")));
  return path;
}
function drop(path: string, end: string): string {
  rmSync(`${path}${end}`);
  return path;
}
function grow(path: string, end: string): string {
  truncateSync(`${path}${end}`, 4_000_000_000);
  return path;
}
function cut(path: string, file: string): string {
  truncateSync(file, 299_999);
  return path;
}
function flip(path: string, file: string): string {
  const bytes = readFileSync(file);
  bytes[200_000] = (bytes[200_000] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  return path;
}
function link(path: string, from: string): string {
  symlinkSync(join(from, "touchpoint.tar.gz"), join(from, "link.tar.gz"));
  return path;
}

describe("the command", () => {
  it("answers when signature, version and length are good, and the stage tells of the copy", async () => {
    const { place, lay, from } = rig();
    lay();
    const states: string[] = [];
    const updating = createUpdating(place, (state, fault) => states.push(fault?.code ?? state), never);
    const command = updateCommand(updating.begin);
    const ask = (more: object) => command.run({ id: "u1", expires: "2026-11-22T09:20:00.000Z", by: "ops", ...more });
    expect(await ask({ package: "touchpoint.json" })).toEqual({ ok: true, version: "0.2.0" });
    expect(await ask({ package: "touchpoint.json" })).toMatchObject({ ok: false, reason: "busy" });
    await updating.ended();
    expect(states).toEqual(["starting", "ok"]);
    expect(await ask({ package: "../touchpoint.json" })).toMatchObject({ ok: false, reason: "invalid" });
    expect(await ask({ package: "none.json" })).toMatchObject({
      ok: false,
      message: expect.stringContaining("UPDATE_MANIFEST"),
    });
    rmSync(incomingFolder(place.dataDir), { recursive: true });
    flip(lay(), join(from, "touchpoint.tar.gz"));
    expect(await ask({ package: "touchpoint.json" })).toMatchObject({ ok: true });
    await until(() => states.at(-1) === "UPDATE_PACKAGE", "the stage says so");
    expect(left(place)).toEqual([]);
  });
});

it("the doctor says whose signature is believed, and what waits in vain", async () => {
  const one = rig();
  const { settings, dataDir } = one.place;
  const local = { device: "till-03", site: "s", dataDir, update: settings };
  const config = Config.parse({ version: 1, local, fleet: { touchpoints: [{ id: "checkout" }] } });
  const said = async (of: Config) => (await updateCheck.run({ config: of } as Patient)).map(({ status }) => status);
  expect(await said(config)).toEqual(["ok"]);
  await taken(one.lay(), one.place);
  expect(await said(config)).toEqual(["warn"]);
  rmSync(settings?.keyFiles[0] ?? "");
  expect(await said(config)).toEqual(["failed"]);
  expect(await said({ ...config, local: { ...config.local, update: undefined } })).toEqual(["skipped"]);
});

describe("the verbs", () => {
  const configOf = ({ place, from }: Rig): string => {
    const config = join(from, "touchpoint.yaml");
    const local = { device: "till-03", site: "s", dataDir: place.dataDir, update: place.settings };
    writeFileSync(config, JSON.stringify({ version: 1, local, fleet: { touchpoints: [{ id: "checkout" }] } }));
    return config;
  };
  const run = (one: Rig, verb: string, path: string, env: Record<string, string> = {}) =>
    spawnSync(process.execPath, [MAIN, "update", verb, path, "--json", "--config", configOf(one)], {
      encoding: "utf8",
      env: { ...process.env, ...env },
    });

  it("verify changes nothing, take hands over", () => {
    const one = rig();
    const path = one.lay({ version: "9.0.0" });
    expect(JSON.parse(run(one, "verify", path).stdout)).toMatchObject({ ok: true, version: "9.0.0" });
    expect(left(one.place)).toEqual([]);
    expect(JSON.parse(run(one, "take", path).stdout)).toMatchObject({ ok: true, version: "9.0.0" });
    expect(existsSync(join(incomingFolder(one.place.dataDir), "manifest.json"))).toBe(true);
    const refusedVerb = run(one, "verify", one.lay({ version: "0.0.1" }));
    expect([refusedVerb.status, refusedVerb.stderr]).toEqual([1, expect.stringContaining("UPDATE_OLDER")]);
  });

  it("on a disk that is full, or that ends in the midst of the copy, leaves nothing", () => {
    const one = rig();
    const [path, config] = [one.lay({ version: "9.0.0" }), configOf(one)];
    const take = [process.execPath, MAIN, "update", "take", path, "--config", config];
    // No file may grow beyond 128 kB: the write in the midst fails.
    const cutOff = spawnSync("sh", ["-c", 'ulimit -f 256; exec "$@"', "sh", ...take], { encoding: "utf8" });
    expect([cutOff.status, cutOff.stderr]).toEqual([1, expect.stringContaining("UPDATE_WRITE")]);
    expect(left(one.place)).toEqual([]);
    if (!hasNamespaces) return;
    const inside = `mount -t tmpfs -o size=2m none ${one.place.dataDir}; "$@"; echo "$? $(find ${one.place.dataDir} -type f)"`;
    const full = spawnSync("unshare", ["-rm", "sh", "-c", inside, "sh", ...take], { encoding: "utf8" });
    expect(full.stderr).toContain("UPDATE_WRITE: the package needs 300000 bytes");
    expect(full.stdout.trim()).toBe("1");
  });

  it.skipIf(!hasCompiler)("killed at any sync or rename hands over whole or not at all (needs gcc)", () => {
    const library = buildSlowSync(fresh());
    const outcomes = ["touchpoint.tar.gz", "manifest.json", "manifest.json.sig", "taking-"].map((name) => {
      const one = rig();
      const killed = run(one, "take", one.lay({ version: "9.0.0" }), slowSyncEnv(library, { kill: { nth: 1, name } }));
      clearUpdateLeftovers(one.place.dataDir);
      return [killed.signal, left(one.place).length];
    });
    expect(outcomes).toEqual(outcomes.map(() => ["SIGKILL", 0]));
  });
});

describe("of two versions", () => {
  it("the newer is told as Semantic Versioning 2.0.0 orders them (section 11)", () => {
    const ordered =
      "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 1.2.0 1.10.0 2.0.0".split(
        " ",
      );
    for (const [n, one] of ordered.entries())
      for (const [m, other] of ordered.entries()) expect(Math.sign(compareVersions(one, other))).toBe(Math.sign(n - m));
  });

  it("the one is newer exactly where the other is older", () => {
    const part = fc.oneof(fc.nat(20).map(String), fc.constantFrom("alpha", "rc", "x-1"));
    const version = fc
      .tuple(fc.nat(20), fc.nat(20), fc.nat(20), fc.array(part, { maxLength: 3 }))
      .map(([a, b, c, before]) => `${a}.${b}.${c}${before.length === 0 ? "" : `-${before.join(".")}`}`);
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
        if (a !== b) expect(compareVersions(a, b)).not.toBe(0);
      }),
    );
  });
});
