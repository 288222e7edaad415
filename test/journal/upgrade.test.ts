// A journal that the first version of the program wrote goes on under this one; a power cut leaves the old or the new.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { salvage } from "../../src/journal/salvage.ts";
import { Database } from "../../src/journal/sqlite.ts";
import { asideName, finishSwap, moveAside, placeOfNew } from "../../src/journal/swap.ts";
import { upgrade } from "../../src/journal/upgrade.ts";
import { stamped } from "../fakes/events.ts";
import { freshFile, open, startChild, stored, verified } from "./rig.ts";

/** Written by the program of version 1: 60 events, 20 sent, 21 refused, 30 sent, confirmed up to 12. */
const FIRST = fileURLToPath(new URL("../fixtures/journal-v1.db", import.meta.url));
const STREAM = "6bcb0787-6623-4f0f-a246-c619bfd95e4e";
const hasNamespaces = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;

function first(): string {
  const file = freshFile();
  mkdirSync(dirname(file), { recursive: true });
  copyFileSync(FIRST, file);
  return file;
}

const versionOf = (file: string): number => {
  const db = new Database(file, { readonly: true });
  const version = Number(db.pragma("user_version", { simple: true }));
  db.close();
  return version;
};

describe("a journal of version 1", () => {
  it("is read as it is, before anything is changed", () => {
    const file = first();
    expect(verified(file)).toMatchObject({ ok: true, stream: STREAM, head: 60, events: 60 });
    expect(versionOf(file)).toBe(1);
  });

  it("goes on with stream, head, marks and state; the old file is kept", async () => {
    const file = first();
    const before = stored(file);
    const { journal, reported } = await open(file);
    expect(reported).toEqual(["starting", "ok"]);
    expect(await journal.head()).toEqual({
      stream: STREAM,
      head: 60,
      done: 21,
      confirmed: 12,
      waiting: 38,
      refused: 1,
    });
    expect(await journal.kept("")).toEqual({ last: 60, "dedupe.p1": [60] });
    expect(await journal.commit({ events: [stamped("press", 61)], keep: {} })).toEqual({ firstSeq: 61, lastSeq: 61 });
    expect(stored(file).slice(0, 60)).toEqual(before);
    expect(readFileSync(`${file}.v1`).equals(readFileSync(FIRST))).toBe(true);
    expect(versionOf(`${file}.v1`)).toBe(1);
    await journal.close();
    expect(verified(file).findings).toEqual([]);
    const db = new Database(file, { readonly: true });
    expect(db.pragma("auto_vacuum", { simple: true })).toBe(2);
    expect(db.prepare("SELECT count(*) FROM events WHERE sum IS NULL").pluck().get()).toBe(0);
    db.close();
  });

  it("that is damaged is saved like any other", async () => {
    const file = first();
    const bytes = readFileSync(file);
    // Inside the text of an event.
    const at = bytes.indexOf('"seq":45,"type"');
    bytes[at + 7] = 0x7f;
    bytes[100] = 0x00;
    writeFileSync(file, bytes);
    const { journal, reported } = await open(file);
    expect(reported).toContain("JOURNAL_DAMAGED");
    const rows = await journal.waiting(3, 0, 1_000);
    expect(rows.every((row) => row.stream === STREAM)).toBe(true);
    expect(rows.length).toBeGreaterThan(36);
  });

  it.skipIf(!hasNamespaces)(
    "is changed where it is on a disk without room for a copy (needs mount namespaces)",
    async () => {
      const file = freshFile();
      const folder = dirname(file);
      const inside = `mkdir -p ${folder}; mount -t tmpfs -o size=184k none ${folder}; cp ${FIRST} ${file}`;
      const child = startChild(file, { inside, env: { MACHINE: "this" } });
      await child.said("opened", (line) => line.head === 60);
      child.tell({ commit: ["press"], n: 61 });
      await child.said("committed", (line) => line.firstSeq === 61);
    },
  );
});

describe("a power cut", () => {
  it("at any step of an upgrade leaves the old file or the new one", async () => {
    // What the folder can hold: the copy half made, complete, the old file under both names.
    const cuts: ((file: string) => void)[] = [
      (file) => writeFileSync(placeOfNew(file), readFileSync(FIRST).subarray(0, 9_000)),
      (file) => copyFileSync(FIRST, placeOfNew(file)),
      (file) => {
        copyFileSync(FIRST, placeOfNew(file));
        copyFileSync(file, `${file}.v1`);
      },
      (file) => upgrade(file),
      (file) => {
        upgrade(file);
        writeFileSync(placeOfNew(file), "left over");
      },
    ];
    for (const cut of cuts) {
      const file = first();
      cut(file);
      const { journal, reported } = await open(file);
      expect(reported).toEqual(["starting", "ok"]);
      expect(await journal.head()).toMatchObject({ stream: STREAM, head: 60, done: 21, waiting: 38 });
      expect(existsSync(placeOfNew(file))).toBe(false);
      await journal.close();
    }
  });

  it("at any step of setting a damaged file aside loses nothing", async () => {
    const task = (file: string) => ({
      file,
      aside: asideName(file, "damaged", "20261122T091407311Z"),
      machine: "this",
      reason: "noise",
    });
    const damage = (file: string): void => {
      const bytes = readFileSync(file);
      bytes[18] = 9;
      writeFileSync(file, bytes);
    };
    const cuts: ((file: string) => void)[] = [
      (file) => writeFileSync(placeOfNew(file), "half made"),
      (file) => salvage(task(file)),
      (file) => {
        salvage(task(file));
        moveAside(file, task(file).aside);
      },
    ];
    for (const cut of cuts) {
      const file = first();
      damage(file);
      cut(file);
      const { journal } = await open(file);
      const rows = await journal.waiting(3, 0, 1_000);
      expect(rows.filter((row) => row.stream === STREAM).length).toBeGreaterThanOrEqual(38);
      expect(existsSync(placeOfNew(file))).toBe(false);
      expect(existsSync(`${file}.damaged-20261122T091407311Z`)).toBe(true);
      await journal.close();
      expect((await open(file)).reported).toEqual(["starting", "ok"]);
    }
  });

  it("forgets a new file that was never complete", () => {
    const file = first();
    rmSync(file);
    writeFileSync(placeOfNew(file), "half made");
    finishSwap(file);
    expect(existsSync(placeOfNew(file))).toBe(false);
    expect(existsSync(file)).toBe(false);
  });
});
