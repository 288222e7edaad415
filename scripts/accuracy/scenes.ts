// `npm run accuracy:scenes`: error of tracker, line counter and episodes against difficulty, on made scenes of known truth.
import { parseArgs } from "node:util";
import { type CountingError, countScene } from "./counting.ts";
import { gated } from "./gated.ts";
import { type Difficulty, EASY, makeScene, type Scene } from "./scene.ts";
import { contactErrors, type FlickerDifficulty, makeStay } from "./stays.ts";

const { values } = parseArgs({
  options: { seed: { type: "string", default: "1" }, scenes: { type: "string", default: "20" } },
});
const firstSeed = Number(values.seed);
const scenes = Number(values.scenes);
const SCENE_MS = 120_000;

const HARD: readonly [string, Difficulty][] = [
  ["alone, clean", EASY],
  ["jitter of 5 % of the box", { ...EASY, jitter: 0.05 }],
  ["20 % of boxes missed", { ...EASY, missed: 0.2 }],
  ["40 % of boxes missed", { ...EASY, missed: 0.4 }],
  ["5 frames/s", { ...EASY, fps: 5 }],
  ["15 frames/s, 50 % of frames lost", { ...EASY, fps: 15, lostFrames: 0.5 }],
  ["boxes without anybody, one in two frames", { ...EASY, ghosts: 0.5 }],
  ["half of the people turn round", { ...EASY, turns: 0.5, jitter: 0.02 }],
  ["crossing paths, 30 people a minute", { ...EASY, perMinute: 30 }],
  ["the same, those nearer hide the others", { ...EASY, perMinute: 30, hides: true }],
  ["crowd, 60 people a minute, hidden", { ...EASY, perMinute: 60, hides: true }],
  [
    "everything at once",
    { perMinute: 30, fps: 8, lostFrames: 0.1, missed: 0.1, jitter: 0.03, ghosts: 0.1, hides: true, turns: 0.2 },
  ],
];

console.log(`lines: ${scenes} scenes of ${SCENE_MS / 1000} s each, seeds from ${firstSeed}`);
console.log("difficulty".padEnd(44), "crossings  missed  extra   error  switches");
for (const [name, difficulty] of HARD) tellLines(name, difficulty, (scene) => scene);

/** Fewer people, so that there is stillness between them. */
const QUIET: readonly [string, Difficulty][] = [
  ["alone, clean", { ...EASY, perMinute: 2 }],
  ["20 % of boxes missed", { ...EASY, perMinute: 2, missed: 0.2 }],
  ["5 frames/s", { ...EASY, perMinute: 2, fps: 5 }],
  ["15 frames/s, 50 % of frames lost", { ...EASY, perMinute: 2, fps: 15, lostFrames: 0.5 }],
  ["half of the people turn round", { ...EASY, perMinute: 2, turns: 0.5, jitter: 0.02 }],
  ["boxes without anybody, one in two frames", { ...EASY, perMinute: 2, ghosts: 0.5 }],
];

console.log("");
console.log("the same without and with the motion gate, few people");
console.log("difficulty".padEnd(44), "crossings  missed  extra   error  switches  frames looked at");
for (const [name, difficulty] of QUIET) {
  tellLines(name, difficulty, (scene) => scene);
  const shares: number[] = [];
  tellLines(
    "  with the gate",
    difficulty,
    (scene, seed) => {
      const passed = gated(scene, seed);
      shares.push(passed.share);
      return passed;
    },
    () => `${((100 * shares.reduce((all, one) => all + one, 0)) / shares.length).toFixed(0)} %`,
  );
}

const FLICKER: readonly [string, FlickerDifficulty][] = [
  ["clean", { missed: 0, ghosts: 0, doubles: 0, fps: 8 }],
  ["20 % of boxes missed", { missed: 0.2, ghosts: 0, doubles: 0, fps: 8 }],
  ["40 % of boxes missed", { missed: 0.4, ghosts: 0, doubles: 0, fps: 8 }],
  ["5 % of empty frames show somebody", { missed: 0, ghosts: 0.05, doubles: 0, fps: 8 }],
  ["15 % of empty frames show somebody", { missed: 0, ghosts: 0.15, doubles: 0, fps: 8 }],
  ["10 % of people seen double", { missed: 0, ghosts: 0, doubles: 0.1, fps: 8 }],
  ["all, 5 frames/s", { missed: 0.2, ghosts: 0.05, doubles: 0.1, fps: 5 }],
  ["all, 15 frames/s", { missed: 0.2, ghosts: 0.05, doubles: 0.1, fps: 15 }],
  ["all, 1 frame/s", { missed: 0.05, ghosts: 0.02, doubles: 0.1, fps: 1 }],
];

console.log("");
console.log("episodes: the same number of scenes");
console.log("flicker".padEnd(44), "stays  missed  extra  people wrong  worst start  worst end");
for (const [name, difficulty] of FLICKER) {
  const sum = { stays: 0, missed: 0, extra: 0, peopleWrong: 0, startMs: 0, endMs: 0 };
  for (let i = 0; i < scenes; i += 1) {
    const one = contactErrors(makeStay(firstSeed + i, difficulty));
    for (const key of ["stays", "missed", "extra", "peopleWrong"] as const) sum[key] += one[key];
    sum.startMs = Math.max(sum.startMs, one.startMs);
    sum.endMs = Math.max(sum.endMs, one.endMs);
  }
  const columns = [String(sum.stays).padStart(5), String(sum.missed).padStart(7), String(sum.extra).padStart(6)];
  const worst = [sum.startMs, sum.endMs].map((ms) => `${(ms / 1000).toFixed(1)} s`);
  const [start = "", end = ""] = worst;
  console.log(name.padEnd(44), ...columns, String(sum.peopleWrong).padStart(13), start.padStart(12), end.padStart(10));
}

function tellLines(
  name: string,
  difficulty: Difficulty,
  view: (scene: Scene, seed: number) => Scene,
  last?: () => string,
): void {
  const sum: Record<keyof CountingError, number> = { crossings: 0, missed: 0, extra: 0, switches: 0 };
  for (let seed = firstSeed; seed < firstSeed + scenes; seed += 1) {
    const one = countScene(view(makeScene(seed, difficulty, SCENE_MS), seed));
    for (const key of ["crossings", "missed", "extra", "switches"] as const) sum[key] += one[key];
  }
  const error = `${((100 * (sum.missed + sum.extra)) / Math.max(1, sum.crossings)).toFixed(1)} %`;
  const columns = [String(sum.crossings).padStart(9), String(sum.missed).padStart(7), String(sum.extra).padStart(6)];
  console.log(
    name.padEnd(44),
    ...columns,
    error.padStart(7),
    String(sum.switches).padStart(9),
    ...(last === undefined ? [] : [last()]),
  );
}
