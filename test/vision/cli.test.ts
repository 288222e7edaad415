// The technician's verbs as they are typed: output, exit status, and what bad input does.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClipWriter } from "../../src/vision/clip/annotate.ts";
import { createScene } from "../../src/vision/scene/paint.ts";
import { visitsUntil } from "../../src/vision/scene/script.ts";

const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const shipped = fileURLToPath(new URL("../../models", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "verbs-"));
const figure = join(folder, "figure.png");
const clip = join(folder, "clip.mp4");
const size = { width: 640, height: 384 };

beforeAll(async () => {
  const scene = await createScene({ ...size, seed: 2, canary: false });
  const [visit] = visitsUntil(2, 20_000);
  const { rgb } = await scene.frameAt(visit?.standsMs ?? 0);
  await sharp(rgb, { raw: { ...size, channels: 3 } })
    .png()
    .toFile(figure);
  const writer = createClipWriter(clip, size, 4);
  for (let i = 0; i < 56; i += 1) await writer.write(await scene.frameAt(i * 250));
  await writer.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function touchpoint(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  return await new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (error, out, err) => {
      resolve({ status: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

/** A configuration whose models lie in `modelsDir`. */
function configFile(modelsDir: string): string {
  const file = join(folder, "touchpoint.yaml");
  writeFileSync(
    file,
    `version: 1\nlocal: { device: till-1, site: shop, modelsDir: ${JSON.stringify(modelsDir)} }\nfleet: { touchpoints: [{ id: till }] }\n`,
  );
  return file;
}

describe("vision detect", () => {
  test("--json is the contract's object, one a line; a bad picture does not keep the next from being looked at", async () => {
    const text = join(folder, "text.jpg");
    writeFileSync(text, "not a picture");
    const { status, out, err } = await touchpoint("vision", "detect", "--json", figure, text, figure);
    expect(status).toBe(1);
    expect(err).toContain("IMAGE_UNREADABLE");
    const [first, bad, again] = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(Object.keys(first)).toEqual(["file", "width", "height", "faces", "persons"]);
    expect(first).toMatchObject({ file: figure, width: 640, height: 384 });
    expect(Object.keys(first.faces[0])).toEqual(["box", "score", "expression", "valence"]);
    expect(Object.keys(first.persons[0])).toEqual(["box", "score"]);
    expect(first.faces[0].box).toHaveLength(4);
    expect(first.faces[0].box[2]).toBeGreaterThan(20);
    expect(bad).toMatchObject({ file: text, error: { code: "IMAGE_UNREADABLE" } });
    expect(again).toEqual(first);
  });

  test("for people: sentences, status 0; a configuration that is not there: 78; no picture: 2", async () => {
    const { status, out } = await touchpoint("vision", "detect", figure);
    expect(status).toBe(0);
    expect(out).toMatch(/face {4}0\.\d\d {2}at .* smile 0\.\d\d {2}valence/);
    expect((await touchpoint("vision", "detect", "--config", "/no/such.yaml", figure)).status).toBe(78);
    expect((await touchpoint("vision", "detect")).status).toBe(2);
  });
});

describe("vision run", () => {
  test("events as NDJSON, then the summary", async () => {
    const { status, out } = await touchpoint("vision", "run", clip, "--json", "--fps", "4", "--zone", "0.25,0,0.75,1");
    expect(status).toBe(0);
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ type }) => type)).toEqual(["presence", "presence", "contact", "coverage", "summary"]);
    expect(lines.at(-1)).toMatchObject({ frames: 56, contacts: [{ outcome: "silent", people: 1 }] });
  });

  test("lines, queue and staff by numbers: visits and the queue are told, and drawn", async () => {
    const copy = join(folder, "counted.mp4");
    const counting = ["--line", "0.3,1,0.3,0", "--line", "0.7,1,0.7,0", "--queue", "0.25,0,0.75,1", "--by", "person"];
    const { status, out } = await touchpoint("vision", "run", clip, "--json", ...counting, "--annotate", copy);
    expect(status).toBe(0);
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const visits = lines.filter(({ type }) => type === "visit");
    expect(visits.length).toBeGreaterThan(0);
    expect(lines.at(-1).visits).toHaveLength(visits.length);
    for (const { data } of visits)
      expect(data).toMatchObject({ camera: "clip", line: /^line-[12]$/.exec(data.line)?.[0] });
    expect(lines.filter(({ type }) => type === "queue")).toMatchObject([{ data: { zone: "clip", waits: 1 } }]);
    expect(statSync(copy).size).toBeGreaterThan(1_000);
  });

  test("options out of range are usage mistakes, files that are none are faults", async () => {
    for (const wrong of [
      ["--fps", "0"],
      ["--zone", "0,0,2,2"],
      ["--zone", "0,0,1"],
      ["--by", "cat"],
      ["--line", "0.5,0.5,0.5,0.5"],
      ["--line", "0,0,1"],
      ["--line", "0,0,1,0,1,1"],
    ])
      expect((await touchpoint("vision", "run", clip, ...wrong)).status).toBe(2);
    const { status, err } = await touchpoint("vision", "run", join(folder, "missing.mp4"));
    expect(status).toBe(1);
    expect(err).toContain("CAMERA_OPEN");
  });
});

describe("models", () => {
  test("list, verify and bench know the three that are shipped", async () => {
    const list = await touchpoint("models", "list", "--json");
    expect(JSON.parse(list.out).map(({ name, ok, used }: Record<string, unknown>) => [name, ok, used])).toEqual([
      ["face-320x192", true, true],
      ["person-320x192", true, true],
      ["expression-48", true, true],
    ]);
    const verify = await touchpoint("models", "verify");
    expect([verify.status, verify.out.match(/ok: hash, shapes, test inference/g)?.length]).toEqual([0, 3]);
    const bench = await touchpoint("models", "bench", "--json", "--seconds", "0.1");
    for (const { p50Ms, runs } of JSON.parse(bench.out)) expect(p50Ms > 0 && runs >= 1).toBe(true);
  });

  test("verify says which file is cut short, and ends with 1", async () => {
    const copy = join(folder, "models");
    cpSync(shipped, copy, { recursive: true });
    truncateSync(join(copy, "person-320x192/model.onnx"), 1000);
    const { status, out } = await touchpoint("models", "verify", "--json", "--config", configFile(copy));
    expect(status).toBe(1);
    expect(
      JSON.parse(out).map(({ ok, error }: { ok: boolean; error?: { code: string } }) => error?.code ?? ok),
    ).toEqual([true, "MODEL_HASH", true]);
  });
});

test("where there is no inference runtime, that is said, and nothing crashes", async () => {
  // The program as it is, on a Node that cannot load the runtime, as on a 32-bit Arm.
  const hooks = `export async function resolve(name, context, next) {
    if (name === "onnxruntime-node") throw new Error("no binding for this processor");
    return await next(name, context);
  }`;
  const preload = `import { register } from "node:module"; register("data:text/javascript,${encodeURIComponent(hooks)}");`;
  const { status, err } = await new Promise<{ status: number; err: string }>((resolve) => {
    execFile(
      process.execPath,
      ["--import", `data:text/javascript,${encodeURIComponent(preload)}`, main, "vision", "detect", figure],
      (error, _out, stderr) => resolve({ status: error === null ? 0 : Number(error.code), err: stderr }),
    );
  });
  expect(status).toBe(1);
  expect(err).toContain("VISION_UNSUPPORTED");
  expect(err).toContain("buttons work");
});
