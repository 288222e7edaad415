// The drawn scene as a camera process: writes frames to standard output in real time, like ffmpeg does.
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ppmHeader } from "../camera/ppm.ts";
import { createScene } from "./paint.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    width: { type: "string", default: "640" },
    height: { type: "string", default: "384" },
    fps: { type: "string", default: "8" },
    canary: { type: "boolean", default: false },
  },
});
const size = { width: Number(values.width), height: Number(values.height) };
const scene = await createScene({ ...size, seed: Number(values.seed), canary: values.canary });
// The reader went away: there is nobody to draw for.
process.stdout.on("error", () => process.exit(0));

const header = ppmHeader(size);
const stepMs = 1000 / Number(values.fps);
const start = performance.now();
for (let index = 0; ; index = Math.max(index + 1, Math.floor((performance.now() - start) / stepMs))) {
  await wait(Math.max(0, start + index * stepMs - performance.now()));
  const frame = await scene.frameAt(index * stepMs);
  process.stdout.write(header);
  if (!process.stdout.write(frame.rgb)) await once(process.stdout, "drain");
}
