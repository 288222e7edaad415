// Prints how fast memory grows over frames that the mind looks at, with a 95 % interval: a leak shows as one without zero.

import { Session } from "node:inspector";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { statusKib } from "../scripts/trials/processes.ts";
import { packageRoot } from "../src/place.ts";
import { createEconomy } from "../src/vision/economy.ts";
import { openLook } from "../src/vision/look.ts";
import { readManifest } from "../src/vision/models/manifest.ts";
import { createNewest, createReader, createWriter } from "../src/vision/newest.ts";
import { createScene } from "../src/vision/scene/paint.ts";
import { tell } from "./figure.ts";
import { growth } from "./growth.ts";

const { values } = parseArgs({
  options: {
    frames: { type: "string", default: "100000" },
    /** Bytes of each frame that stay behind on purpose: what the bench must find. */
    leak: { type: "string", default: "0" },
  },
});
const FRAMES = Number(values.frames);
/** Frames before the first sample: compilers warm up, tables and pools of the runtime fill. */
const WARM_UP = Math.round(FRAMES * 0.4);
const LEAK = Number(values.leak);
/** Of one object left behind on purpose. */
const OBJECT_BYTES = 32;
const SAMPLES = 100;
const DRAWN = 50;
/** Frames; a multiple of those drawn, so that each sample comes after the same one: what that one left is alive in each. */
const EVERY = DRAWN * Math.max(1, Math.floor(FRAMES / SAMPLES / DRAWN));
const MB = 1_048_576;

if (globalThis.gc === undefined || mallocInUse() === 0)
  throw new Error("run by `npm run bench slope`, which gives Node its flags and preloads malloc-in-use.c");
const { gc } = globalThis;
const engine = new Session();
engine.connect();
const size = { width: 640, height: 384 };
const scene = await createScene({ ...size, seed: 2, canary: false });
const frames: Uint8Array[] = [];
for (let i = 0; i < DRAWN; i += 1) frames.push((await scene.frameAt(i * 400)).rgb);

const modelsDir = join(packageRoot(), "models");
const names = { face: "face-320x192", person: "person-320x192", expression: "expression-48" };
const look = await openLook(modelsDir, readManifest(modelsDir), names, 1);
const memory = createNewest(size);
const [writer, reader] = [createWriter(memory), createReader(memory)];
const economy = createEconomy({
  fps: [8],
  economy: { rest: true, slowDown: true, hotC: 80 },
  strain: () => ({ celsius: undefined, throttled: false, loadPerProcessor: 0 }),
  rates: () => undefined,
});

// Made before the first sample, so that to measure takes no memory.
const at = new Float64Array(SAMPLES);
const own = new Float64Array(SAMPLES);
const alive = new Float64Array(SAMPLES);
let samples = 0;
let looks = 0;
let owed = 0;
let leaked: { before: unknown } | undefined;
const began = performance.now();
for (let i = -WARM_UP; i < FRAMES; i += 1) {
  const pixels = frames[(i + WARM_UP) % DRAWN];
  if (pixels === undefined) continue;
  writer.target().set(pixels);
  const atMs = (i + WARM_UP) * 125;
  writer.publish(size, atMs);
  const taken = reader.take();
  if (taken !== undefined && economy.wants(0, taken.frame, atMs)) {
    economy.looked(0, await look.look(taken.frame, { face: true, person: true, expression: true }), 5);
    looks += 1;
    for (owed += LEAK; owed >= OBJECT_BYTES; owed -= OBJECT_BYTES) leaked = { before: leaked };
  }
  // What is compiled by now stays so. A full collection throws away optimised code that mentions short-lived objects, and to
  // make it anew takes a hundred bytes of the engine's own each time: that would be a slope of measuring.
  if (i === -Math.round(WARM_UP / 2)) setFlagsFromString("--no-opt");
  if (i % EVERY !== 0 || samples === SAMPLES) continue;
  collect();
  at[samples] = i;
  alive[samples] = process.memoryUsage().heapUsed + mallocInUse();
  // Pages of the program's files come and go as the kernel likes: those that are nobody else's are counted.
  own[samples] = (statusKib("self", "RssAnon") ?? Number.NaN) * 1024;
  // While it warms up it is measured, too, and what it found is overwritten.
  if (i >= 0) samples += 1;
}
await look.close();
const seconds = (performance.now() - began) / 1_000;
console.log(
  `${FRAMES} frames after ${WARM_UP} to warm up, ${frames.length} of them drawn, ${looks} looks, ${samples} samples, ${seconds.toFixed(0)} s`,
);
if (leaked !== undefined) console.log(`${LEAK} bytes of each left behind on purpose`);
tellGrowth("heap and what malloc gave out, after a full collection", alive);
tellGrowth("resident memory of its own", own);

function tellGrowth(name: string, bytes: Float64Array): void {
  const tenths = Array.from({ length: 10 }, (_, i) => ((bytes[Math.floor((i * samples) / 10)] ?? 0) / MB).toFixed(3));
  console.log(`${name}, MB: ${tenths.join(" ")}`);
  const { mean, low, high } = growth(at.subarray(0, samples), bytes);
  const ours = `${mean.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  console.log(`growth in bytes a frame: ${ours}`);
  tell({
    name: `${name} over ${FRAMES} frames, growth in bytes a frame`,
    ours,
    // An interval may hold zero because it is wide: it has to be narrow, too.
    aim: "interval from ≤ 0 to < 1",
    met: low <= 0 && high < 1,
  });
}

/**
 * Bytes that are given out after malloc has returned to the kernel what it can, buffers of the engine and tensors of the models
 * among them; 0 where nothing is preloaded to tell them.
 */
function mallocInUse(): number {
  return process.resourceUsage().unsharedDataSize;
}

/**
 * As when memory runs low, all that can be is collected and given back: pages once touched do not stay only for that. Such a
 * collection stops early where little is found, so two plain ones follow: what the first finds unreachable may have held what
 * the second finds.
 */
function collect(): void {
  engine.post("HeapProfiler.collectGarbage");
  gc();
  gc();
}
