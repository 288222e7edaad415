// The command `erase` and the verb `journal erase`, on the whole agent: what is left of a customer in any byte of its folder.

import { spawnSync } from "node:child_process";
import { createHash, createHmac, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it, vi } from "vitest";
import { openReader } from "../../src/journal/read.ts";
import { verifyJournal } from "../../src/journal/verify.ts";
import { publicKeyLine, signCommand } from "../../src/uplink/signature.ts";
import { until } from "../fakes/until.ts";
import { createRig, fleet, type Rig, ROOT } from "./settings-rig.ts";

const MAIN = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const KEY = "a key of a shop that is long enough for cards";
const CARD = "99001122334455";
const HASH = createHmac("sha256", KEY).update(CARD).digest("hex").slice(0, 32);
/** Of the principal who may have something erased. */
const OPS = generateKeyPairSync("ed25519").privateKey;
const TOKEN = "secret-of-the-shop";
vi.setConfig({ testTimeout: 240_000 });

let rig: Rig | undefined;
const ends: (() => void)[] = [];
afterEach(async () => {
  await rig?.end();
  rig = undefined;
  for (const end of ends.splice(0)) end();
});

/** A time client of this machine's own, which vouches for the clock: `erase` asks for one. */
function vouchForClock(): void {
  const bin = mkdtempSync(join(tmpdir(), "touchpoint-erasing-bin-"));
  ends.push(
    () => rmSync(bin, { recursive: true, force: true }),
    () => vi.unstubAllEnvs(),
  );
  writeFileSync(join(bin, "timedatectl"), "#!/bin/sh\necho yes\n", { mode: 0o755 });
  vi.stubEnv("PATH", `${bin}:${process.env.PATH}`);
}

/** Beside the data folder, so that a search of that finds no key. */
function secrets(): { keyFile: string; tokenFile: string } {
  const folder = mkdtempSync(join(tmpdir(), "touchpoint-erasing-"));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const [keyFile, tokenFile] = [join(folder, "key"), join(folder, "token")];
  writeFileSync(keyFile, KEY, { mode: 0o600 });
  writeFileSync(tokenFile, TOKEN, { mode: 0o600 });
  return { keyFile, tokenFile };
}

const holding = (folder: string, text: string): string[] =>
  readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(text));

it("forgets a customer while the shop goes on", async () => {
  vouchForClock();
  const { keyFile, tokenFile } = secrets();
  const own = fleet();
  const till = {
    ...own?.touchpoints?.[0],
    id: "checkout",
    readers: ["reader"],
    context: { scans: [{ kind: "customer", pattern: "99\\d+" }] },
  };
  rig = await createRig(
    {
      http: { port: 0, tokenFile },
      customers: { key: "k1", keyFile },
      commands: { principals: [{ name: "ops@example", publicKey: publicKeyLine(OPS), may: ["erase"] }] },
      pads: [
        { id: "reader", driver: "simulated" },
        { id: "p1", driver: "simulated" },
      ],
    },
    { ...own, touchpoints: [till] } as typeof own,
  );
  const { folder, broker, of } = rig;
  const replies: unknown[] = [];
  broker.aedes.on("publish", ({ topic, payload }) => {
    if (topic === `${ROOT}/reply/erase`) replies.push(JSON.parse(payload.toString()));
  });
  const command = (id: string, body: object): void => {
    const expires = new Date(Date.now() + 60_000).toISOString();
    const asked = { id, expires, by: "ops@example", reason: "article 17", ...body };
    const sig = signCommand(OPS, { site: "trial", device: "till-03" }, "erase", asked);
    const payload = Buffer.from(JSON.stringify({ ...asked, sig }));
    broker.aedes.publish(
      { cmd: "publish", topic: `${ROOT}/cmd/erase`, payload, qos: 1, retain: false, dup: false },
      () => undefined,
    );
  };
  let url = "";
  const { lives } = await rig.start({
    rollupsEveryMs: 50,
    door: (at) => {
      url = at;
    },
  });
  await until(() => url !== "", "the door is open");
  const scan = await fetch(new URL("/v1/scans", url), {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ pad: "reader", code: CARD }),
  });
  expect(scan.status).toBe(201);
  await rig.press("1");
  await until(() => of("press").length === 1, "the press");
  expect(of("press")[0]?.data).toMatchObject({ customer: { key: "k1", hash: HASH } });
  await until(() => readdirSync(folder).includes("metrics.db"), "the counts");
  expect(holding(folder, HASH)).not.toEqual([]);

  command("bad", { what: "customer" });
  await until(() => replies.length === 1, "the refusal");
  expect(replies[0]).toMatchObject({ id: "bad", ok: false, reason: "invalid" });
  command("e1", { what: "customer", customer: { key: "k1", hash: HASH } });
  await until(() => of("erased").length === 1, "the erased event");
  expect(replies[1]).toEqual({ id: "e1", ok: true, ordered: true });
  const [erased] = of("erased");
  expect(erased?.data).toMatchObject({ what: "customer", count: 2, order: "e1", by: "ops@example", via: "mqtt" });
  const seqs = [...of("scan"), ...of("press")].map(({ seq }) => seq).sort((a, b) => a - b);
  expect(erased?.data.ranges.flatMap(([first, last]) => (first === last ? [first] : [first, last]))).toEqual(seqs);
  expect(erased?.data.stream).toBe(of("press")[0]?.stream);
  const [match] = erased?.data.matches ?? [];
  expect(match?.sha256).toBe(createHash("sha256").update(`${match?.salt}${HASH}`).digest("hex"));
  expect(lives()).toBe(2);

  // The card was forgotten too: a press right after it is nobody's.
  await rig.press("4");
  await until(() => of("press").length === 2, "the press after it");
  expect(of("press")[1]?.data).not.toHaveProperty("customer");
  expect(holding(folder, HASH)).toEqual([]);
  expect(holding(folder, CARD)).toEqual([]);

  command("e2", { what: "all" });
  await until(() => of("erased").length === 2, "the second erased event");
  await rig.press("2");
  await until(() => of("press").length === 3, "the press after all");
  expect(of("press")[2]?.stream).toBe(erased?.data.stream);
  const types = readRows(join(folder, "journal.db"));
  expect(types.filter((type) => type === "press")).toEqual(["press"]);
  // An order is carried out once.
  command("e2", { what: "all" });
  await until(() => replies.length === 4, "the second answer");
  expect(replies[3]).toMatchObject({ id: "e2", ok: false, reason: "seen" });
  expect(lives()).toBe(3);
});

/** Types of the rows, of a journal that is sound. */
function readRows(file: string): string[] {
  const reader = openReader(file);
  try {
    expect(verifyJournal(reader).findings).toEqual([]);
    return [...reader.events()].map(({ type }) => type);
  } finally {
    reader.close();
  }
}

it("by the verb where no agent runs, and says who must stop first where one does", async () => {
  const { keyFile, tokenFile } = secrets();
  rig = await createRig({ customers: { key: "k1", keyFile } });
  const { folder } = rig;
  const { stop } = await rig.start();
  await rig.press("1");
  await until(() => rig?.of("press").length === 1, "the press");
  const config = join(dirname(tokenFile), "touchpoint.yaml");
  const pads = [{ id: "p1", driver: "simulated" }];
  const local = { device: "till-03", site: "trial", dataDir: folder, customers: { key: "k1", keyFile }, pads };
  writeFileSync(config, JSON.stringify({ version: 1, local, fleet: fleet() }));
  const erase = (...args: string[]) =>
    spawnSync(
      process.execPath,
      [MAIN, "journal", "erase", "--config", config, "--by", "ops", "--reason", "asked", ...args],
      {
        encoding: "utf8",
        input: `${CARD}\n`,
      },
    );
  const locked = erase("--all");
  expect(locked.stderr).toContain("JOURNAL_LOCKED");
  expect(locked.status).toBe(1);
  await stop();

  expect(erase("--all", "--transaction", "1").stderr).toContain("ERASE_NAMES: 2 things are named");
  expect(erase().stderr).toContain("ERASE_NAMES: 0 things");
  expect(erase("--from", "2026-11-22", "--to", "2999-01-01").stderr).toContain("lies ahead");
  const card = erase("--card", "--json");
  expect(card.stderr).toBe("");
  expect(JSON.parse(card.stdout)).toMatchObject({ ok: true, what: "customer", count: 0 });
  expect(erase("--all").stdout).toMatch(/^erased \d+ events \(all\)/);
  expect(readRows(join(folder, "journal.db"))).toEqual(["erased"]);
});
