// The judge of a camera's sight, on drawn views of every kind and on real clips made dark, covered, turned, blurred, repeated.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CameraHealth } from "../../src/config/cameras.ts";
import { createLasting } from "../../src/vision/camera/lasting.ts";
import { createPace } from "../../src/vision/camera/pace.ts";
import { createPpmReader } from "../../src/vision/camera/ppm.ts";
import { type Condition, createSight, type Sight } from "../../src/vision/camera/sight.ts";
import { createGlancer, type Glance } from "../../src/vision/glance.ts";
import { createScene } from "../../src/vision/scene/paint.ts";
import { mulberry32 } from "../../src/vision/scene/script.ts";

const DEFAULTS = CameraHealth.parse({});
const FPS = 2;

/** One camera over time: `show` repeats glances in turn for so many seconds and says which conditions were ever told. */
function createWatch(settings = DEFAULTS, sight: Sight = createSight(settings)) {
  let atMs = 1_000;
  let turn = 0;
  let now: readonly Condition[] = [];
  return {
    now: () => now,
    show(glances: readonly Glance[], seconds: number, gapMs = 0): Set<Condition> {
      const told = new Set<Condition>();
      atMs += gapMs;
      for (const endMs = atMs + seconds * 1000; atMs < endMs; atMs += 1000 / FPS) {
        const glance = glances[turn % glances.length];
        turn += 1;
        if (glance === undefined) throw new Error("nothing to show");
        now = sight.frame(atMs, FPS, () => glance);
        for (const condition of now) told.add(condition);
      }
      return told;
    },
  };
}

/** A room by seed: furniture on a wall, and the noise of a sensor, another in each picture. */
interface Room {
  readonly seed: number;
  readonly light?: number;
  readonly noise?: number;
  /** By how many cells of the glance everything stands further right and down. */
  readonly shift?: readonly [number, number];
  /** Boxes of dark cloth before the room: left, top, width, height, as shares. */
  readonly people?: readonly (readonly [number, number, number, number])[];
  /** Mean over so many pixels either way. */
  readonly blur?: number;
}

const SIZE = { width: 320, height: 200 };
const glancer = createGlancer();

function picture({ seed, light = 1, noise = 4, shift = [0, 0], people = [], blur = 0 }: Room, index = 0): Glance {
  const random = mulberry32(seed);
  const { width, height } = SIZE;
  const boxes = Array.from({ length: 60 }, () => ({
    x: Math.floor((random() * 1.4 - 0.2) * width),
    y: Math.floor((random() * 1.4 - 0.2) * height),
    w: Math.floor(10 + random() * 60),
    h: Math.floor(10 + random() * 60),
    grey: 40 + random() * 180,
  }));
  const grey = new Float32Array(width * height).fill(150);
  const fill = (x: number, y: number, w: number, h: number, value: number): void => {
    for (let row = Math.max(0, y); row < Math.min(height, y + h); row += 1)
      grey.fill(value, row * width + Math.max(0, x), row * width + Math.max(0, Math.min(width, x + w)));
  };
  for (const { x, y, w, h, grey: value } of boxes) fill(x + shift[0] * 5, y + shift[1] * 5, w, h, value);
  for (const [x, y, w, h] of people)
    fill(Math.floor(x * width), Math.floor(y * height), Math.floor(w * width), Math.floor(h * height), 30);
  const seen = blur === 0 ? grey : blurred(grey, blur);
  const grain = mulberry32(seed * 7919 + index + 1);
  const rgb = new Uint8Array(width * height * 3);
  seen.forEach((value, i) => {
    rgb.fill(Math.max(0, Math.min(255, value * light + (grain() - 0.5) * noise)), i * 3, i * 3 + 3);
  });
  const glance = glancer.glance({ width, height, rgb });
  return { ...glance, grid: glance.grid.slice() };
}

function blurred(grey: Float32Array, by: number): Float32Array {
  const { width, height } = SIZE;
  const along = (from: Float32Array, step: number, length: number, index: (i: number, line: number) => number) => {
    const to = new Float32Array(from.length);
    for (let line = 0; line < from.length / length; line += 1)
      for (let i = 0; i < length; i += 1) {
        let sum = 0;
        for (let k = -by; k <= by; k += 1) sum += from[index(Math.max(0, Math.min(length - 1, i + k)), line)] ?? 0;
        to[index(i, line)] = sum / (2 * by + step);
      }
    return to;
  };
  const across = along(grey, 1, width, (i, line) => line * width + i);
  return along(across, 1, height, (i, line) => i * width + line);
}

const pictures = (room: Room, count = 6): Glance[] => Array.from({ length: count }, (_, i) => picture(room, i));
/** The camera is set up and knows its room. */
function settled(room: Room) {
  const watch = createWatch();
  const told = watch.show(pictures(room), 400);
  expect([...told]).toEqual([]);
  return watch;
}

describe("a drawn room", () => {
  const room: Room = { seed: 3 };
  const surface = (grey: number): Room => ({ seed: 3, people: [[0, 0, 1, 1]], light: grey / 30 });
  const cases: [string, Room, Condition, number][] = [
    ["the lights go out", { ...room, light: 0.03 }, "dark", DEFAULTS.darkS],
    ["the lights go out and the sensor's noise is left", { ...room, light: 0.02, noise: 30 }, "dark", DEFAULTS.darkS],
    ["a hand lies over the lens", surface(60), "covered", DEFAULTS.coveredS],
    ["the sun shines into it", { ...room, light: 20 }, "covered", DEFAULTS.coveredS],
    ["the camera is knocked to the side", { ...room, shift: [6, 0] }, "moved", DEFAULTS.movedS],
    ["the camera is turned a little", { ...room, shift: [2, 1] }, "moved", DEFAULTS.movedS],
    ["the camera looks into another room", { seed: 4 }, "moved", DEFAULTS.movedS],
    // Noise is no detail of the scene, but hides that there is none: this sensor has little.
    ["the lens is greasy", { ...room, blur: 6, noise: 1 }, "blurred", DEFAULTS.blurredS],
  ];
  test.each(cases)("%s", (_, altered, condition, afterS) => {
    const watch = settled(room);
    const views = pictures(altered);
    // Some seconds of slack: the view is averaged before it is compared.
    expect([...watch.show(views, afterS)]).toEqual([]);
    expect([...watch.show(views, 25)]).toEqual([condition]);
    watch.show(pictures(room), DEFAULTS.recoverS + 20);
    expect(watch.now()).toEqual([]);
  });

  test("the very same picture again and again is frozen, in the dark too where it is not black; a new one ends it", () => {
    const watch = settled(room);
    const [one] = pictures(room);
    if (one === undefined) throw new Error("no picture");
    expect([...watch.show([one], DEFAULTS.frozenS)]).toEqual([]);
    expect([...watch.show([one], 2)]).toEqual(["frozen"]);
    watch.show(pictures(room), DEFAULTS.recoverS + 1);
    expect(watch.now()).toEqual([]);
    const black = picture({ seed: 3, light: 0, noise: 0 });
    expect([...watch.show([black], 600)]).toEqual(["dark"]);
  });

  test("somebody leans over the lens for five seconds: nothing is told, however often", () => {
    const watch = settled(room);
    for (let i = 0; i < 20; i += 1) {
      expect([...watch.show(pictures(surface(60)), 5)]).toEqual([]);
      expect([...watch.show(pictures(room), 10)]).toEqual([]);
    }
  });

  test("whoever is in the way when the camera starts is not taken for its room", () => {
    const watch = createWatch();
    const crowd: Room = { ...room, people: [[0.1, 0, 0.8, 1]] };
    expect([...watch.show(pictures(crowd), 100), ...watch.show(pictures(room), 1_000)]).toEqual([]);
    expect([...watch.show(pictures({ ...room, shift: [4, 2] }), 90)]).toEqual(["moved"]);
  });

  test("a camera that was moved stays so until it looks where it did", () => {
    const watch = settled(room);
    const turned = pictures({ ...room, shift: [5, 3] });
    watch.show(turned, 90);
    expect(watch.now()).toEqual(["moved"]);
    watch.show(turned, 36_000);
    expect(watch.now()).toEqual(["moved"]);
    // What is covered cannot show that it was turned back.
    watch.show(pictures(surface(60)), 60);
    expect(watch.now()).toEqual(["covered", "moved"]);
    watch.show(pictures(room), 30);
    expect(watch.now()).toEqual([]);
  });

  test("what is turned off is never told", () => {
    const off = CameraHealth.parse({ darkS: 0, coveredS: 0, frozenS: 0, movedS: 0, blurredS: 0, slowS: 0 });
    const watch = createWatch(off);
    watch.show(pictures(room), 400);
    for (const [, altered] of cases) expect([...watch.show(pictures(altered), 300)]).toEqual([]);
    expect([...watch.show(pictures(room, 1), 300)]).toEqual([]);
  });

  test("a gap without frames is no time in which it was so", () => {
    const watch = settled(room);
    expect([...watch.show(pictures(surface(60)), 15)]).toEqual([]);
    expect([...watch.show(pictures(surface(60)), 15, 60_000)]).toEqual([]);
    expect([...watch.show(pictures(surface(60)), 15)]).toEqual(["covered"]);
  });
});

test("property: people, noise and daylight of hours are no condition, in any room", () => {
  const walker = fc.tuple(
    fc.double({ min: 0, max: 0.8, noNaN: true }),
    fc.double({ min: 0, max: 0.5, noNaN: true }),
    fc.double({ min: 0.05, max: 0.25, noNaN: true }),
    fc.double({ min: 0.2, max: 0.9, noNaN: true }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0.5, max: 1.2, noNaN: true }),
      fc.array(fc.array(walker, { maxLength: 3 }), { minLength: 1, maxLength: 8 }),
      fc.double({ min: 0, max: 20, noNaN: true }),
      (seed, light, crowds, noise) => {
        const watch = createWatch();
        const told = watch.show(pictures({ seed, noise: noise + 1 }), 360);
        crowds.forEach((people, i) => {
          const step = 1 + ((light - 1) * (i + 1)) / crowds.length;
          const room = { seed, light: step, noise: noise + 1, people };
          for (const condition of watch.show(pictures(room, 2), 90)) told.add(condition);
        });
        expect([...told]).toEqual([]);
      },
    ),
    { numRuns: 25 },
  );
});

test("nothing is told of the drawn scene of the demo, with its visitors near the camera", async () => {
  const scene = await createScene({ width: 640, height: 384, seed: 2, canary: false });
  const day: Glance[] = [];
  for (let atMs = 0; atMs < 60_000; atMs += 500) {
    const glance = glancer.glance(await scene.frameAt(atMs));
    day.push({ ...glance, grid: glance.grid.slice() });
  }
  expect([...createWatch().show(day, 900)]).toEqual([]);
});

describe("pace", () => {
  /** Share of what was asked for, after 30 s of frames at these moments of each second. */
  const share = (fps: number, moments: readonly number[]): number | undefined => {
    const pace = createPace();
    let last: number | undefined;
    for (let second = 0; second < 30; second += 1)
      for (const ms of moments) last = pace.arrived(second * 1000 + ms, fps);
    return last;
  };
  const steady = (fps: number): number[] => Array.from({ length: fps }, (_, i) => (i * 1000) / fps);

  test.each([
    ["as asked", 8, steady(8), 1],
    ["with jitter", 8, [0, 50, 250, 300, 500, 550, 750, 800], 1],
    ["half", 8, steady(4), 0.5],
    ["one a second, filled up in bursts of eight", 8, [0, 3, 6, 9, 12, 15, 18, 21], 1 / 8],
    ["thirty", 30, steady(30), 1],
  ])("%s", (_, fps, moments, expected) => expect(share(fps, moments)).toBeCloseTo(expected, 1));

  test("too slow is told after its time, and over when frames come again", () => {
    const sight = createSight(DEFAULTS);
    const view = pictures({ seed: 5 });
    let atMs = 0;
    const run = (everyMs: number, seconds: number): readonly Condition[] => {
      let now: readonly Condition[] = [];
      for (const endMs = atMs + seconds * 1000; atMs < endMs; atMs += everyMs)
        now = sight.frame(atMs, 8, () => view[Math.floor(atMs / 500) % view.length] ?? picture({ seed: 5 }));
      return now;
    };
    expect(run(125, 60)).toEqual([]);
    expect(run(500, 30)).toEqual([]);
    expect(run(500, 15)).toEqual(["slow"]);
    expect(run(125, 20)).toEqual([]);
  });
});

test("property: what lasts shorter than its time is never told, what lasts longer always, and then once", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 40 })), { maxLength: 20 }),
      (runs: [boolean, number][]) => {
        const lasting = createLasting(10_000, 5_000);
        let atMs = 0;
        let is = false;
        let [was, lastedMs] = [false, 0];
        for (const [seen, steps] of runs)
          for (let i = 0; i < steps; i += 1) {
            lastedMs = seen === was && atMs > 0 ? lastedMs + 1000 : 0;
            was = seen;
            if (lastedMs >= (is ? 5_000 : 10_000)) is = seen;
            expect(lasting.next(seen, atMs)).toBe(is);
            atMs += 1000;
          }
      },
    ),
  );
});

const data = fileURLToPath(new URL("../../../shared/data/video", import.meta.url));
const absent = existsSync(data) ? false : "../shared/data is not here";

/** Glances at a clip as a filter of ffmpeg alters it: at its first seconds, or at all of it where nothing is altered. */
function altered(clip: string, filter: string): Glance[] {
  const glances: Glance[] = [];
  const limit = { width: 640, height: 384 };
  const reader = createPpmReader(
    limit,
    ({ width, height }) => new Uint8Array(width * height * 3),
    (frame) => {
      const glance = glancer.glance(frame);
      glances.push({ ...glance, grid: glance.grid.slice() });
    },
  );
  const scaled = `fps=${FPS},scale=640:384:force_original_aspect_ratio=decrease,${filter}`;
  const args = ["-i", clip, ...(filter === WHOLE ? [] : ["-t", "10"]), "-vf", scaled];
  const out = ["-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "pipe:1"];
  const quiet = ["-hide_banner", "-nostdin", "-loglevel", "error"];
  reader.push(execFileSync("ffmpeg", [...quiet, ...args, ...out], { maxBuffer: 2 ** 30 }));
  return glances;
}

const ALTERED: readonly [Condition, string][] = [
  ["dark", "lutrgb=r=val*0.05:g=val*0.05:b=val*0.05,noise=alls=4:allf=t"],
  ["covered", "lutyuv=y=45:u=128:v=128,noise=alls=8:allf=t"],
  ["covered", "geq=lum='30+40*X/W+10*Y/H':cb=128:cr=128,noise=alls=8:allf=t"],
  ["moved", "pad=iw*1.2:ih:iw*0.2:0,crop=iw/1.2:ih:0:0"],
  ["moved", "crop=iw*0.92:ih*0.92:iw*0.08:ih*0.04,scale=640:384"],
  ["moved", "hflip"],
  ["blurred", "gblur=sigma=4"],
];
/** Nothing of this is wrong with a camera: other light, more noise, a lossy stream. */
const WHOLE = "null";
const HARMLESS = ["lutrgb=r=val*0.4:g=val*0.4:b=val*0.4", "noise=alls=10:allf=t", "eq=gamma=1.5"];

describe.skipIf(absent)(`real clips${absent ? ` (skipped: ${absent})` : ""}`, () => {
  test("nothing is told of any as it is; dark, covered, turned, blurred and repeated are found, and end", () => {
    for (const clip of readdirSync(data)) {
      const file = join(data, clip);
      const plain = altered(file, WHOLE);
      const watch = createWatch();
      expect([...watch.show(plain, 400)], `${clip}, unaltered`).toEqual([]);
      for (const [condition, filter] of ALTERED) {
        expect([...watch.show(altered(file, filter), DEFAULTS.darkS + 30)], `${clip}, ${filter}`).toEqual([condition]);
        watch.show(plain, 30);
        expect(watch.now(), `${clip}, ${filter}`).toEqual([]);
      }
      for (const filter of HARMLESS)
        expect([...watch.show(altered(file, filter), 120)], `${clip}, ${filter}`).toEqual([]);
      expect([...watch.show(plain.slice(0, 1), DEFAULTS.frozenS + 2)], `${clip}, repeated`).toEqual(["frozen"]);
    }
  }, 300_000);
});
