// `touchpoint privacy verify`: what it says is collected, what it makes of the running agent, and the proof itself.
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Config, type ConfigInput } from "../../src/config/schema.ts";
import { collected } from "../../src/privacy/collected.ts";
import { createLeakSearch, FRAME } from "../../src/privacy/leak-search.ts";
import { familyOf, judgeLive, writableFiles } from "../../src/privacy/live.ts";
import { judgeEvidence } from "../../src/privacy/rehearse.ts";
import { createScene } from "../../src/vision/scene/paint.ts";
import { touchpoint } from "../fakes/program.ts";

const folder = mkdtempSync(join(tmpdir(), "touchpoint-verify-"));
afterAll(() => rmSync(folder, { recursive: true }));

const EMOTION = { purpose: "how people feel at the till", controller: "Example Ltd", notice: "sign at the door" };
function config(local: Partial<ConfigInput["local"]> = {}): Config {
  return Config.parse({
    version: 1,
    local: { device: "d1", site: "s1", dataDir: folder, ...local },
    fleet: { touchpoints: [{ id: "desk" }] },
  });
}

describe("what is collected", () => {
  const says = (of: Config, what: string) => collected(of).find((row) => row.what === what);
  const camera = { id: "door", source: { kind: "scene" as const } };

  it("is nothing on a device that has nothing", () => {
    expect(collected(config()).filter(({ on }) => on)).toEqual([]);
  });
  it("names purpose, controller and notice of expressions, and that they are off without", () => {
    expect(says(config({ cameras: [camera] }), "expressions")).toMatchObject({ on: false });
    const row = says(config({ cameras: [camera], privacy: { emotion: EMOTION } }), "expressions");
    expect(row?.on).toBe(true);
    for (const said of Object.values(EMOTION)) expect(row?.says).toContain(said);
  });
  it("names them of age and sex too, and whose model reads them", () => {
    expect(says(config({ cameras: [camera], privacy: { emotion: EMOTION } }), "age and sex")).toMatchObject({
      on: false,
    });
    const vision = { demographics: "our-own" };
    const row = says(config({ cameras: [camera], vision, privacy: { demographics: EMOTION } }), "age and sex");
    expect(row?.on).toBe(true);
    for (const said of ["our-own", ...Object.values(EMOTION)]) expect(row?.says).toContain(said);
  });
  it("never says that pictures are kept", () => {
    expect(says(config({ cameras: [camera] }), "pictures")).toMatchObject({ on: false });
  });
  it("names the broker's host and a webhook's name, not what stands in its address", () => {
    const of = config({
      broker: { url: "mqtts://broker.example:8883" },
      notify: { webhooks: [{ id: "duty", url: "https://hooks.example/T0/secret-path" }] },
    });
    expect(says(of, "leaves for the broker")?.says).toContain("broker.example:8883");
    expect(JSON.stringify(collected(of))).not.toContain("secret-path");
  });
});

describe("the running agent", () => {
  const file = (path: string) => ({ pid: 7, path });
  it.each([
    ["skipped", [], []],
    ["ok", [7], [file("/d/journal.db"), file("/d/journal.db-wal"), file("/d/metrics.db-shm")]],
    ["warn", [7], [file("/d/journal.db"), file("/d/picture.jpg")]],
    ["warn", [7], [file("/elsewhere/journal.db")]],
    ["warn", [7], [file("/tmp/x (deleted)")]],
  ] as const)("%s: %j %j", (status, pids, open) => {
    expect(judgeLive(pids, open, "/d").status).toBe(status);
  });

  it("is seen by what it has open: files it may write to, and none that it only reads", () => {
    const [written, read] = [join(folder, "written"), join(folder, "read")];
    writeFileSync(read, "");
    openSync(written, "w");
    openSync(read, "r");
    const paths = writableFiles([process.pid]).map(({ path }) => path);
    expect(paths).toContain(written);
    expect(paths).not.toContain(read);
  });
  it("has its children, and theirs", () => {
    expect(familyOf(process.ppid)).toContain(process.pid);
    expect(familyOf(process.pid)).not.toContain(process.ppid);
  });
});

describe("the proof", () => {
  it("fails where one picture is among what was left, and says where", async () => {
    const search = await createLeakSearch(7);
    const { rgb } = await (await createScene({ ...FRAME, seed: 7, canary: true })).frameAt(0);
    const clean = { name: "journal.db", bytes: Buffer.from("SQLite format 3\0") };
    expect((await judgeEvidence(search, [clean])).status).toBe("ok");
    const found = await judgeEvidence(search, [clean, { name: "what was sent", bytes: rgb }]);
    expect(found).toMatchObject({ status: "failed", message: expect.stringContaining("what was sent") });
  });

  it("holds for this program, by the verb", () => {
    const file = join(folder, "touchpoint.yaml");
    const { local, fleet } = config({
      cameras: [{ id: "door", source: { kind: "scene" } }],
      privacy: { emotion: EMOTION },
    });
    writeFileSync(file, JSON.stringify({ version: 1, local, fleet }));
    const { status, stdout, stderr } = touchpoint("privacy", "verify", "--config", file, "--seconds", "3", "--json");
    expect(stderr).toBe("");
    const { findings } = JSON.parse(stdout) as { findings: { name: string; status: string }[] };
    expect(findings.map(({ name, status: said }) => [name, said])).toEqual([
      ["the running agent", "skipped"],
      ["the models looked", "ok"],
      ["the search works", "ok"],
      ["no picture left memory", "ok"],
    ]);
    expect(status).toBe(0);
  });

  it("ends with 1 where nothing could be proved: no models", () => {
    const file = join(folder, "no-models.yaml");
    const { local, fleet } = config({ modelsDir: folder });
    writeFileSync(file, JSON.stringify({ version: 1, local, fleet }));
    const { status, stdout } = touchpoint("privacy", "verify", "--config", file, "--seconds", "1");
    expect({ status, said: stdout.includes("nothing is proved") }).toEqual({ status: 1, said: true });
  });
});
