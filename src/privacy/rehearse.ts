// The proof: this program, with the models of this device, watches a drawn scene that holds a canary; everything that it
// then wrote, sent or printed is searched for the canary.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import sharp from "sharp";
import { z } from "zod";
import type { Config, ConfigInput } from "../config/schema.ts";
import { type Finding, failed, ok } from "../doctor/finding.ts";
import { endChild, startChild } from "../supervise/child.ts";
import { createScene } from "../vision/scene/paint.ts";
import { createLeakSearch, FRAME, type LeakSearch } from "./leak-search.ts";
import { openSink, type Sink } from "./sink.ts";

/** Longest wait for the first frame that was looked at, milliseconds: models load slowly on small boards. */
const FIRST_LOOK_MS = 60_000;

const Health = z.object({ counters: z.record(z.string(), z.number()) });

export interface Rehearsal {
  readonly config: Config;
  readonly modelsDir: string;
  /** bin/touchpoint */
  readonly program: string;
  /** How long the scene is watched once frames are looked at, milliseconds. */
  readonly forMs: number;
  readonly signal: AbortSignal;
}

/**
 * Runs it in a folder of its own, which is gone afterwards, speaking to loopback only. The journal, the broker and the
 * devices of this machine are not touched.
 */
export async function rehearse(rehearsal: Rehearsal): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), "touchpoint-privacy-"));
  // Of this run only, so that no other run's picture is taken for it.
  const seed = 1_000_000 + Math.floor(Math.random() * 1_000_000_000);
  const sink = await openSink();
  try {
    const { printed, looks } = await watchScene(rehearsal, folder, seed, sink);
    const search = await createLeakSearch(seed);
    const evidence = [
      ...filesBelow(folder).map((file) => ({ name: file.slice(folder.length + 1), bytes: readFileSync(file) })),
      { name: "what was sent", bytes: sink.bytes() },
      { name: "what was printed", bytes: Buffer.from(printed) },
    ];
    return [judgeLooks(looks), await judgeSearch(search, seed), await judgeEvidence(search, evidence)];
  } finally {
    await sink.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns everything printed, and how many frames the models looked at */
async function watchScene(
  { config, modelsDir, program, forMs, signal }: Rehearsal,
  folder: string,
  seed: number,
  sink: Sink,
): Promise<{ printed: string; looks: number }> {
  const file = join(folder, "touchpoint.yaml");
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(settings(config, modelsDir, folder, seed, sink.url)), { mode: 0o600 });
  for (const name of ["tmp", "cwd"]) mkdirSync(join(folder, name));
  const child = startChild(program, ["run", "--config", file], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: join(folder, "cwd"),
    env: { ...process.env, HOME: folder, TMPDIR: join(folder, "tmp"), XDG_CACHE_HOME: join(folder, "cache") },
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => {
      printed += chunk.toString("latin1");
    });
  const running = (): boolean => child.exitCode === null && child.signalCode === null && !signal.aborted;
  // Either the first frame was looked at, or it is known why there will be none.
  const settled = (): boolean =>
    /"stage":"camera:proof","state":"ok"|"stage":"(vision|camera:proof)","state":"degraded"/.test(printed);
  try {
    for (const end = performance.now() + FIRST_LOOK_MS; running() && !settled() && performance.now() < end; )
      await wait(100);
    for (const end = performance.now() + forMs; running() && performance.now() < end; ) await wait(100);
  } finally {
    await endChild(child);
  }
  const health = Health.safeParse(JSON.parse(sink.last.get("health")?.toString() ?? "{}"));
  return { printed, looks: health.data?.counters["camera:proof.inferred"] ?? 0 };
}

/** This device's models and its word on expressions, before a drawn scene; everything else of its own. */
function settings(
  { local, fleet }: Config,
  modelsDir: string,
  folder: string,
  seed: number,
  brokerUrl: string,
): ConfigInput {
  return {
    version: 1,
    local: {
      device: "privacy-proof",
      site: "privacy-proof",
      dataDir: join(folder, "data"),
      modelsDir,
      broker: { url: brokerUrl },
      cameras: [{ id: "proof", source: { kind: "scene", seed, canary: true }, ...FRAME, fps: 8 }],
      vision: local.vision,
      privacy: local.privacy,
      logLevel: "debug",
    },
    fleet: {
      touchpoints: [{ id: "proof", zone: { camera: "proof", dwellMs: 500 } }],
      mood: { ...fleet.mood, intervalS: 10 },
    },
  };
}

/** Every file below a folder. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function judgeLooks(looks: number): Finding {
  const name = "the models looked";
  if (looks > 0) return ok(name, `at ${looks} frames of a drawn scene that holds a canary`);
  return failed(name, "no frame was looked at, so nothing is proved", "Run `touchpoint doctor`: models and cameras.");
}

/** The search must find what is there, or finding nothing would mean nothing. */
async function judgeSearch(search: LeakSearch, seed: number): Promise<Finding> {
  const name = "the search works";
  const { rgb, width, height } = await (await createScene({ ...FRAME, seed, canary: true })).frameAt(0);
  const jpeg = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toBuffer();
  const planted = { raw: Buffer.from(rgb), JPEG: jpeg, "base64 of a JPEG": Buffer.from(jpeg.toString("base64")) };
  for (const [kind, bytes] of Object.entries(planted))
    if ((await search.find(bytes)) === undefined)
      return failed(name, `a planted picture was not found (${kind})`, "This is a mistake in the program; report it.");
  return ok(name, `it found planted pictures: ${Object.keys(planted).join(", ")}`);
}

/** @param evidence everything that the agent left, by name */
export async function judgeEvidence(
  search: LeakSearch,
  evidence: readonly { readonly name: string; readonly bytes: Uint8Array }[],
): Promise<Finding> {
  const name = "no picture left memory";
  const leaks: string[] = [];
  let length = 0;
  for (const { name: where, bytes } of evidence) {
    length += bytes.length;
    const found = await search.find(bytes);
    if (found !== undefined) leaks.push(`${where}: ${found}`);
  }
  if (leaks.length > 0)
    return failed(
      name,
      `the canary was found in ${leaks.join("; ")}`,
      "Stop the agent and report this: it must not be.",
    );
  return ok(name, `the canary is in none of ${evidence.length} files and streams, ${Math.ceil(length / 1024)} KiB`);
}
