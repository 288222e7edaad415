// `touchpoint journal …` beside a running agent: what it prints, what it finds, how it ends.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { Database } from "../../src/journal/sqlite.ts";
import { Envelope } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";
import { until } from "../fakes/until.ts";
import { freshFile, open } from "./rig.ts";

const MAIN = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));

/** A configuration whose data folder holds `file`. */
function configFor(file: string): string {
  const config = join(dirname(dirname(file)), "touchpoint.yaml");
  mkdirSync(dirname(config), { recursive: true });
  const local = { device: "till-03", site: "vno-akropolis", dataDir: dirname(file) };
  writeFileSync(config, JSON.stringify({ version: 1, local, fleet: { touchpoints: [{ id: "checkout" }] } }));
  return config;
}

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

function touchpoint(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { maxBuffer: 64e6 }, (_error, out, errors) =>
      resolve({ code: child.exitCode ?? -1, out, errors }),
    );
  });
}

const press = (n: number) => ({ events: [stamped("press", n)], keep: {} });
const lines = (text: string): string[] => text.trimEnd().split("\n");

describe("touchpoint journal", () => {
  it("status tells head, sent, confirmed, waiting, refused and autonomy", async () => {
    const file = freshFile();
    const config = configFor(file);
    const { journal } = await open(file);
    for (let n = 1; n <= 5; n++) await journal.commit(press(n));
    journal.settle([{ seq: 1 }, { seq: 2, refused: "not authorized" }]);
    const { stream } = await journal.head();
    journal.confirm(stream, 1);
    await journal.head();
    const status = await touchpoint("journal", "status", "--config", config, "--json");
    expect(status.errors).toBe("");
    expect(JSON.parse(status.out)).toMatchObject({
      stream,
      head: 5,
      done: 2,
      confirmed: 1,
      waiting: 3,
      refused: 1,
      refusedRows: [{ seq: 2, type: "press", reason: "not authorized" }],
      oldestWaiting: { seq: 3, type: "press" },
      events: 5,
      eventsLastDay: 5,
      daysOfAutonomy: expect.any(Number),
      carriedWaiting: 0,
      lossesNotYetOwned: 0,
      usedBytes: expect.any(Number),
      maxBytes: 536_870_912,
      reserve: false,
      writtenBytesPerDay: expect.any(Number),
    });
    const told = await touchpoint("journal", "status", "--config", config);
    expect(told.code).toBe(0);
    expect(told.out).toContain("seq 2, press: not authorized");
    expect(told.out).toMatch(/^waiting +3$/m);
  });

  it("status counts the last day among older events", async () => {
    const file = freshFile();
    const config = configFor(file);
    const { journal } = await open(file);
    const old = {
      events: Array.from({ length: 37 }, (_, n) => ({ ...stamped("press", n), time: "2020-02-02T02:02:02.002Z" })),
    };
    await journal.commit({ ...old, keep: {} });
    for (let n = 1; n <= 6; n++) await journal.commit(press(n));
    const status = await touchpoint("journal", "status", "--config", config, "--json");
    expect(JSON.parse(status.out)).toMatchObject({ events: 43, eventsLastDay: 6 });
  });

  it("tail prints the last events and follows what comes until it is interrupted", async () => {
    const file = freshFile();
    const config = configFor(file);
    const { journal } = await open(file);
    for (let n = 1; n <= 20; n++)
      await journal.commit({ events: [stamped(n % 2 === 0 ? "press" : "mood", n)], keep: {} });
    const tail = await touchpoint("journal", "tail", "--config", config, "-n", "3");
    expect(lines(tail.out).map((line) => Envelope.parse(JSON.parse(line)).seq)).toEqual([18, 19, 20]);
    const since = await touchpoint("journal", "tail", "--config", config, "--since", "14", "--type", "press");
    expect(lines(since.out).map((line) => Envelope.parse(JSON.parse(line)).seq)).toEqual([16, 18, 20]);

    const follower: ChildProcess = spawn(process.execPath, [
      MAIN,
      "journal",
      "tail",
      "-f",
      "-n",
      "1",
      "--config",
      config,
    ]);
    const ended = once(follower, "exit");
    onTestFinished(() => void follower.kill("SIGKILL"));
    const seen: number[] = [];
    if (follower.stdout === null) throw new Error("no standard output");
    createInterface(follower.stdout).on("line", (line) => seen.push(Envelope.parse(JSON.parse(line)).seq));
    await until(() => seen.length === 1, "the follower shows the last event");
    for (let n = 21; n <= 23; n++) await journal.commit(press(n));
    await until(() => seen.length === 4, "the follower shows what comes");
    follower.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
    expect(seen).toEqual([20, 21, 22, 23]);
  });

  it("export gives every event that fits, as NDJSON or CSV", async () => {
    const file = freshFile();
    const config = configFor(file);
    const { journal } = await open(file);
    const at = (n: number, time: string) => ({ events: [{ ...stamped("press", n), time }], keep: {} });
    await journal.commit(at(1, "2026-11-21T23:59:59.999Z"));
    await journal.commit(at(2, "2026-11-22T00:00:00.000Z"));
    await journal.commit({ events: [{ ...stamped("mood", 3), time: "2026-11-22T12:00:00.000Z" }], keep: {} });
    await journal.commit(at(4, "2026-11-23T00:00:00.000Z"));
    const of = async (...options: string[]) => touchpoint("journal", "export", "--config", config, ...options);
    const seqs = (ended: Ended) => lines(ended.out).map((line) => Envelope.parse(JSON.parse(line)).seq);
    expect(seqs(await of())).toEqual([1, 2, 3, 4]);
    expect(seqs(await of("--from", "2026-11-22", "--to", "2026-11-23"))).toEqual([2, 3]);
    expect(seqs(await of("--from", "2026-11-22", "--type", "press"))).toEqual([2, 4]);
    const csv = lines((await of("--format", "csv")).out);
    expect(csv[0]).toBe("seq,id,stream,type,time,tz,clock,boot,mono,site,device,touchpoint,data");
    expect(csv).toHaveLength(5);
    expect(csv[1]).toMatch(/^1,.*,press,2026-11-21T23:59:59\.999Z,.*,checkout,"\{""pad"":""p1"",/);
    expect((await of("--from", "yesterday")).code).toBe(2);
    expect((await of("--format", "xml")).code).toBe(2);
  });

  it("export ends quietly where its reader goes away", async () => {
    const file = freshFile();
    const config = configFor(file);
    const { journal } = await open(file);
    await Promise.all(Array.from({ length: 2_000 }, (_, n) => journal.commit(press(n))));
    const child = spawn("sh", [
      "-c",
      `"$0" "$@" | head -n 1`,
      process.execPath,
      MAIN,
      "journal",
      "export",
      "--config",
      config,
    ]);
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    await once(child, "exit");
    expect(errors).toBe("");
  });

  it("verify ends with 0 for a sound journal and names every mistake of another", async () => {
    const file = freshFile();
    const config = configFor(file);
    const { journal } = await open(file);
    for (let n = 1; n <= 9; n++) await journal.commit(press(n));
    const sound = await touchpoint("journal", "verify", "--config", config);
    expect(sound.out).toContain("✓ the journal is sound");
    expect(sound.code).toBe(0);
    await journal.close();
    const db = new Database(file);
    db.exec(`DELETE FROM events WHERE seq = 3;
      UPDATE events SET json = replace(json, '"flags":[]', '"flags":7') WHERE seq = 5;
      UPDATE events SET json = 'no JSON' WHERE seq = 6;
      UPDATE events SET type = 'mood' WHERE seq = 7;`);
    db.close();
    const ended = await touchpoint("journal", "verify", "--config", config, "--json");
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.out)).toMatchObject({
      ok: false,
      findings: [
        "seq 5: the row is not what was written",
        "seq 6: the row is not what was written",
        "seq 7: the row is not what was written",
        expect.stringContaining("seq 5: data.flags"),
        "seq 6: not JSON",
        "seq 7: the event says type press, the row mood",
        "seq 3 to 3 is missing and no gap owns it",
        "seq 3 waits for the broker and has no event",
      ],
    });
  });

  it("says what is wrong where there is no journal, or none that can be read", async () => {
    const file = freshFile();
    const config = configFor(file);
    const none = await touchpoint("journal", "status", "--config", config);
    expect(none.code).toBe(1);
    expect(none.errors).toMatch(/^JOURNAL_OPEN: there is no journal at .*\n→ /);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "not a database at all, but long enough to look at it twice".repeat(40));
    const noise = await touchpoint("journal", "verify", "--config", config);
    expect(noise.code).toBe(1);
    expect(noise.errors).toMatch(/^JOURNAL_DAMAGED: /);
  });
});
