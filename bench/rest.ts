// Prints what the motion gate saves: looks and processor time on a still scene, and the clip's events with and without it.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CLIP, clipLines, STANDING, tableZone } from "../scripts/accuracy/clip-truth.ts";
import { type ClipSummary, footfallFrom, runClip, zoneFrom } from "../src/cli/vision-run.ts";
import { packageRoot } from "../src/place.ts";
import { exited, startChild } from "../src/supervise/child.ts";
import { createGate } from "../src/vision/gate.ts";
import { openLook } from "../src/vision/look.ts";
import { readManifest } from "../src/vision/models/manifest.ts";
import { tell } from "./figure.ts";
import { processorSeconds } from "./processor.ts";
import { openRoom } from "./room.ts";

const SECONDS = 20;
const FPS = 8;
/** Events of the clip may be so much later or earlier with the gate, seconds: half that of the truth by eye. */
const TOLERANCE_S = 0.25;

const modelsDir = join(packageRoot(), "models");
const out = join(packageRoot(), "out");
mkdirSync(out, { recursive: true });
const folder = mkdtempSync(join(out, "bench-rest-"));
try {
  await stillScene();
  await clip();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A film of a room in which only the sensor's noise changes, by the whole vision room, with the gate and without. */
async function stillScene(): Promise<void> {
  const film = join(folder, "still.mp4");
  const shelf = "drawbox=x=80:y=120:w=420:h=500:c=0x554433:t=fill,drawbox=x=700:y=460:w=500:h=260:c=0xb0a890:t=fill";
  const room = `color=c=0x8a9098:s=1280x720:r=25,${shelf},noise=alls=8:allf=t+u,format=yuv420p`;
  const args = ["-v", "error", "-f", "lavfi", "-i", room, "-t", "20", "-c:v", "libx264", "-preset", "veryfast", film];
  const { code } = await exited(startChild("ffmpeg", args, { stdio: ["ignore", "ignore", "inherit"] }));
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
  const measured = { awake: await live(film, false), resting: await live(film, true) };
  const saved = 1 - measured.resting.perSecond / measured.awake.perSecond;
  console.log(
    `still room of 1280×720 at 25 frames/s, noise of the sensor only; ${FPS} frames/s taken; ${SECONDS} s each`,
  );
  console.log("| | looks/s | agent, processors | ffmpeg, processors |");
  console.log("|---|---|---|---|");
  for (const [name, { perSecond, agent, child }] of Object.entries(measured))
    console.log(`| ${name} | ${perSecond.toFixed(1)} | ${agent.toFixed(3)} | ${child.toFixed(3)} |`);
  tell({
    name: "looks saved in a still room",
    ours: `${measured.resting.perSecond.toFixed(1)} looks/s`,
    bare: `${measured.awake.perSecond.toFixed(1)} looks/s`,
    ratio: saved,
    aim: "≥ 0.7 saved",
    met: saved >= 0.7,
  });
  tell({
    name: "processor time of agent and decoder in a still room",
    ours: `${(measured.resting.agent + measured.resting.child).toFixed(3)} processors`,
    bare: `${(measured.awake.agent + measured.awake.child).toFixed(3)} awake`,
    ratio: (measured.resting.agent + measured.resting.child) / (measured.awake.agent + measured.awake.child),
    aim: "–",
    met: true,
  });
}

async function live(film: string, rest: boolean): Promise<{ perSecond: number; agent: number; child: number }> {
  const room = await openRoom({ source: { kind: "file", path: film, loop: true }, fps: FPS, rest });
  // The gate needs seconds of calm before it rests.
  await room.wait(6_000);
  const before = { ...processorSeconds(), looks: room.counts.inferred ?? 0, atMs: performance.now() };
  await room.wait(SECONDS * 1_000);
  const after = { ...processorSeconds(), looks: room.counts.inferred ?? 0, atMs: performance.now() };
  await room.end();
  const seconds = (after.atMs - before.atMs) / 1_000;
  return {
    perSecond: (after.looks - before.looks) / seconds,
    agent: (after.own - before.own) / seconds,
    child: (after.children - before.children) / seconds,
  };
}

async function clip(): Promise<void> {
  const video = join(packageRoot(), "../shared/data/video", CLIP);
  if (!existsSync(video)) {
    console.log(`skipped: ${video} is not here`);
    return;
  }
  const look = await openLook(modelsDir, readManifest(modelsDir), { person: "person-320x192" }, 1);
  try {
    for (const fps of [5, 8, 10]) {
      const run = {
        video,
        size: { width: 768, height: 432 },
        fps,
        zone: zoneFrom({ polygon: tableZone(), by: "person" }),
        footfall: footfallFrom({ lines: clipLines(), by: "person" }),
        mood: undefined,
        annotateTo: undefined,
        event: () => undefined,
      };
      const open = await runClip(run, look);
      const gated = await runClip({ ...run, gate: createGate() }, look);
      const apartS = apart(open, gated);
      const saved = 1 - gated.framesLookedAt / open.framesLookedAt;
      console.log(`\n${CLIP} at ${fps} frames/s; looks ${open.framesLookedAt} without, ${gated.framesLookedAt} with`);
      console.log(`without  ${shown(open)}`);
      console.log(`with     ${shown(gated)}`);
      tell({
        name: `clip at ${fps} frames/s: events with the gate beside those without; share of looks saved`,
        ours: `${apartS.toFixed(2)} s apart`,
        ratio: saved,
        aim: `same events, ≤ ${TOLERANCE_S} s`,
        met: apartS <= TOLERANCE_S && open.contacts.length === STANDING.length,
      });
    }
  } finally {
    await look.close();
  }
}

function shown({ contacts, visits }: ClipSummary): string {
  const episodes = contacts.map(({ startS, endS }) => `${startS.toFixed(1)}–${endS.toFixed(1)}`);
  return `episodes ${episodes.join(" ")}; visits ${visits.map(({ atS, direction }) => `${atS.toFixed(1)} ${direction}`).join(" ")}`;
}

/** Largest difference of an episode's start or end, or of a visit, seconds; infinite where their kind or number differs. */
function apart(a: ClipSummary, b: ClipSummary): number {
  const facts = ({ contacts, visits }: ClipSummary): [string, number][] => [
    ...contacts.flatMap(({ startS, endS, people }): [string, number][] => [
      [`start of ${people}`, startS],
      ["end", endS],
    ]),
    ...visits.map(({ line, direction, atS }): [string, number] => [`${line} ${direction}`, atS]),
  ];
  const [one, other] = [facts(a), facts(b)];
  if (one.length !== other.length) return Number.POSITIVE_INFINITY;
  return Math.max(
    0,
    ...one.map(([what, atS], i) => {
      const [same, thenS] = other[i] ?? ["", 0];
      return what === same ? Math.abs(atS - thenS) : Number.POSITIVE_INFINITY;
    }),
  );
}
