// Prints the pipeline's frames per second beside the bare model loop, and what busy eyes cost the main thread.
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { packageRoot } from "../src/place.ts";
import type { Frame } from "../src/vision/frame.ts";
import { type Look, openLook } from "../src/vision/look.ts";
import { type ModelEntry, readManifest } from "../src/vision/models/manifest.ts";
import { type OpenModel, openModel } from "../src/vision/models/runtime.ts";
import { createScene } from "../src/vision/scene/paint.ts";
import { tell } from "./figure.ts";
import { openRoom } from "./room.ts";

const FRAMES = 120;
const ROUNDS = 15;
/** Frames that one side works on before it is the other's turn. */
const TURN = 10;
const BUSY_S = 10;
/** Far more than a till needs: the eyes shall be busy. */
const BUSY_FPS = 30;
const MB = 1_048_576;

const modelsDir = join(packageRoot(), "models");
const manifest = readManifest(modelsDir);
const names = { face: "face-320x192", person: "person-320x192", expression: "expression-48" };
const wanted = { face: true, person: true, expression: true };
await sideBySide();
await mainLoop();

/** Both sides work on the same frames, ten at a time in turns, so that a noisy machine is noisy to both. */
async function sideBySide(): Promise<void> {
  const frames = await drawFrames();
  const look = await openLook(modelsDir, manifest, names, 1);
  const bare = await openBare();
  const faces = await facesOf(frames, look);
  const sides = {
    bare: async (i: number) => await bare.run(faces[i] ?? 0),
    ours: async (i: number) => {
      const frame = frames[i];
      if (frame !== undefined) await look.look(frame, wanted);
    },
  };
  const rates: { bare: number; ours: number }[] = [];
  for (let round = -1; round < ROUNDS; round += 1) {
    const spentMs = { bare: 0, ours: 0 };
    for (let from = 0; from < FRAMES; from += TURN) {
      const order = (from / TURN + round) % 2 === 0 ? (["bare", "ours"] as const) : (["ours", "bare"] as const);
      for (const side of order) {
        const start = performance.now();
        for (let i = from; i < from + TURN; i += 1) await sides[side](i);
        spentMs[side] += performance.now() - start;
      }
    }
    // The first round warms both up.
    if (round >= 0) rates.push({ bare: (FRAMES * 1000) / spentMs.bare, ours: (FRAMES * 1000) / spentMs.ours });
  }
  const total = faces.reduce((sum, count) => sum + count, 0);
  const ratios = rates.map(({ bare: b, ours }) => ours / b);
  console.log(
    `${FRAMES} drawn frames of 640×384 with ${total} faces, ${ROUNDS} rounds, one thread; medians (and range)`,
  );
  console.log("| | frames/s |");
  console.log("|---|---|");
  const bareText = spread(
    rates.map((rate) => rate.bare),
    0,
  );
  console.log(`| bare model loop (face, person, one expression a face; inputs ready) | ${bareText} |`);
  console.log(
    `| pipeline (letterbox, models, decoders, crops) | ${spread(
      rates.map((rate) => rate.ours),
      0,
    )} |`,
  );
  console.log(`| ratio (aim ≥ 0.85) | ${spread(ratios, 2)} |`);
  const median = (values: readonly number[]): number =>
    values.toSorted((a, b) => a - b)[Math.round((values.length - 1) / 2)] ?? 0;
  tell({
    name: "vision, frames of 640×384, one thread",
    ours: `${median(rates.map(({ ours }) => ours)).toFixed(0)} frames/s`,
    bare: `${median(rates.map((rate) => rate.bare)).toFixed(0)} frames/s`,
    ratio: median(ratios),
    aim: "≥ 0.85×",
    met: median(ratios) >= 0.85,
  });
  await look.close();
  await bare.close();
}

async function drawFrames(): Promise<Frame[]> {
  const scene = await createScene({ width: 640, height: 384, seed: 2, canary: false });
  const frames: Frame[] = [];
  for (let i = 0; i < FRAMES; i += 1) frames.push(await scene.frameAt(i * 200));
  return frames;
}

async function facesOf(frames: readonly Frame[], look: Look): Promise<number[]> {
  const counts: number[] = [];
  for (const frame of frames) counts.push((await look.look(frame, wanted)).faces.length);
  return counts;
}

async function openBare(): Promise<{ run: (faces: number) => Promise<void>; close: () => Promise<void> }> {
  const open = async (task: ModelEntry["task"]): Promise<OpenModel> => {
    const entry = manifest.models.find((model) => model.task === task);
    if (entry === undefined) throw new Error(`no model for ${task}`);
    return await openModel(modelsDir, entry, 1);
  };
  const [face, person, expression] = [await open("face"), await open("person"), await open("expression")];
  return {
    async run(faces) {
      await face.run();
      await person.run();
      for (let i = 0; i < faces; i += 1) await expression.run();
    },
    async close() {
      for (const model of [face, person, expression]) await model.close();
    },
  };
}

function spread(values: readonly number[], digits: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.round((sorted.length - 1) * share)] ?? 0).toFixed(digits);
  return `${at(0.5)} (${at(0)} – ${at(1)})`;
}

/** The delay of this thread's event loop, idle, and while a camera and the models work in theirs. */
async function mainLoop(): Promise<void> {
  const idle = await delayWhile(async () => await wait(BUSY_S * 1000));
  const before = process.memoryUsage().rss;
  // Every frame is looked at: the loop is watched at its busiest.
  const room = await openRoom({ source: { kind: "scene", seed: 2, canary: false }, fps: BUSY_FPS, rest: false });
  const { counts } = room;
  const inferredBefore = counts.inferred ?? 0;
  const busy = await delayWhile(async () => await wait(BUSY_S * 1000));
  const perSecond = ((counts.inferred ?? 0) - inferredBefore) / BUSY_S;
  const after = process.memoryUsage().rss;
  await room.end();
  console.log(
    `\nmain loop, ${BUSY_S} s each; camera at ${BUSY_FPS} frames/s, ${perSecond.toFixed(1)} looked at a second`,
  );
  console.log("| | p50 ms | p99 ms | max ms |");
  console.log("|---|---|---|---|");
  console.log(`| idle | ${idle} |`);
  console.log(`| vision busy (aim p99 < 10) | ${busy} |`);
  console.log(`frames ${counts.frames ?? 0}, dropped ${counts.dropped ?? 0}, looked at ${counts.inferred ?? 0}`);
  console.log(
    `memory of the process: ${(before / MB).toFixed(0)} MB before, ${(after / MB).toFixed(0)} MB with vision`,
  );
}

/** p50, p99 and max of the event loop's delay above the sampling interval of one millisecond. */
async function delayWhile(act: () => Promise<void>): Promise<string> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await act();
  histogram.disable();
  const text = (ns: number): string => Math.max(0, ns / 1e6 - 1).toFixed(2);
  return `${text(histogram.percentile(50))} | ${text(histogram.percentile(99))} | ${text(histogram.max)}`;
}
