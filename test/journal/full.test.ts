// A disk that is really full: presses go on counting from the reserve, and it is made again when there is room.
import { spawnSync } from "node:child_process";
import { existsSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { GapData } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";
import { until } from "../fakes/until.ts";
import { freshFile, open, startChild, stored, verified } from "./rig.ts";

const hasNamespaces = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;

describe.skipIf(!hasNamespaces)("a full disk (needs mount namespaces)", () => {
  it("lets presses use the reserve and drops what matters least; with room again all is as before", async () => {
    const file = freshFile();
    const folder = dirname(file);
    const ballast = join(folder, "ballast");
    const inside = `mkdir -p ${folder}; mount -t tmpfs -o size=6m none ${folder}`;
    const child = startChild(file, { inside, env: { RESERVE_BYTES: "1000000" } });
    await child.said("opened");
    const at = `/proc/${child.process.pid}/root`;
    await until(
      () => existsSync(`${at}${file}.reserve`) && statSync(`${at}${file}.reserve`).size === 1_000_000,
      "the reserve is made",
    );
    spawnSync("sh", ["-c", `head -c 99000000 /dev/zero > ${at}${ballast}`]);
    const commit = (n: number): void => child.tell({ commit: n % 3 === 0 ? ["mood"] : ["press"], n });
    for (let n = 1; n <= 60; n++) commit(n);
    await child.said("stage", (line) => line.code === "JOURNAL_FULL");
    for (let n = 61; n <= 300; n++) commit(n);
    await child.said("committed", (line) => line.committed === 300);
    const codes = () => child.lines.flatMap((line) => ("stage" in line && line.code !== undefined ? [line.code] : []));
    expect(codes()).toContain("JOURNAL_FULL");
    expect(existsSync(`${at}${file}.reserve`)).toBe(false);
    unlinkSync(`${at}${ballast}`);
    await until(() => existsSync(`${at}${file}.reserve`), "the reserve is made again");
    await child.said(
      "stage",
      (line) =>
        line.stage === "ok" && child.lines.indexOf(line as never) > child.lines.findIndex((one) => "code" in one),
    );
    child.tell({ commit: ["press", "mood"], n: 301 });
    await child.said("committed", (line) => line.committed === 301);
    spawnSync("cp", ["-r", `${at}${folder}`, `${dirname(folder)}/copy`]);
    const copy = join(dirname(folder), "copy", "journal.db");
    const events = stored(copy);
    expect(events.flatMap(({ type, mono }) => (type === "press" ? [mono] : []))).toEqual(
      Array.from({ length: 301 }, (_, n) => n + 1).filter((n) => n % 3 !== 0),
    );
    const moods = events.filter((event) => event.type === "mood").length;
    const lost = events
      .flatMap((event) => (event.type === "gap" ? [GapData.parse(event.data)] : []))
      .reduce((sum, gap) => sum + gap.count, 0);
    expect(moods + lost).toBe(101);
    expect(lost).toBeGreaterThan(0);
    expect(verified(copy).findings).toEqual([]);
  }, 60_000);
});

describe("a journal that is deleted under the running agent", () => {
  it("is written again from what is still open, and nothing is lost", async () => {
    const file = freshFile();
    const { journal, reported } = await open(file);
    for (let n = 1; n <= 30; n++) await journal.commit({ events: [stamped("press", n)], keep: {} });
    const { stream } = await journal.head();
    for (const end of ["", "-wal", "-shm"]) unlinkSync(`${file}${end}`);
    await until(
      () => existsSync(file) && reported.includes("JOURNAL_WRITE") && reported.at(-1) === "ok",
      "it is there again",
    );
    expect(await journal.commit({ events: [stamped("press", 31)], keep: {} })).toEqual({ firstSeq: 31, lastSeq: 31 });
    expect(await journal.head()).toMatchObject({ stream, head: 31, waiting: 31 });
    expect(stored(file).map((event) => event.mono)).toEqual(Array.from({ length: 31 }, (_, n) => n + 1));
    await journal.close();
    expect(verified(file).findings).toEqual([]);
  });

  it("and replaced by another one is no other journal", async () => {
    const file = freshFile();
    const { journal, reported } = await open(file);
    await journal.commit({ events: [stamped("press", 1)], keep: {} });
    unlinkSync(file);
    writeFileSync(file, "an old copy");
    await until(() => reported.includes("JOURNAL_WRITE") && reported.at(-1) === "ok", "it is there again");
    expect(await journal.commit({ events: [stamped("press", 2)], keep: {} })).toEqual({ firstSeq: 2, lastSeq: 2 });
    expect(stored(file)).toHaveLength(2);
  });
});
