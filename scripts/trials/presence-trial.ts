// From the frame with a person to the signal: the real agent, a clip that turns between two pictures, a real broker.
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { stringify } from "yaml";
import type { ConfigInput } from "../../src/config/schema.ts";
import { createClipWriter } from "../../src/vision/clip/annotate.ts";
import { createScene } from "../../src/vision/scene/paint.ts";
import { visitsUntil } from "../../src/vision/scene/script.ts";
import { Presence } from "../../src/words/presence.ts";
import { startMosquitto } from "../../test/fakes/mosquitto.ts";
import { until } from "../../test/fakes/until.ts";
import { STARTED, startAgent } from "./agent-process.ts";
import { DEVICE, ROOT, SITE, TOUCHPOINT } from "./settings.ts";

const SIZE = { width: 640, height: 384 };
const SEED = 1;

export interface PresenceTrial {
  readonly folder: string;
  /** Turns that are waited for, at every way. */
  readonly changes: number;
  /** How long the clip shows each of its two pictures, milliseconds: a multiple of a frame's time. */
  readonly holdMs: number;
  readonly fps: number;
}

/** A turn as one way told it: what was said, the arrival of its frame, and when it was heard; UTC milliseconds. */
export interface Heard {
  readonly occupied: string;
  readonly frameMs: number;
  readonly heardMs: number;
}

export interface PresenceHeard {
  readonly topic: readonly Heard[];
  readonly command: readonly Heard[];
  readonly http: readonly Heard[];
  /** What the topic said last, once the agent had ended. */
  readonly last: Presence | undefined;
}

/** Runs until every way has told of so many turns. The agent and this process read the same clock. */
export async function runPresenceTrial(trial: PresenceTrial): Promise<PresenceHeard> {
  const { folder, changes } = trial;
  const ends: (() => Promise<unknown>)[] = [];
  try {
    const clip = join(folder, "turns.mp4");
    await writeClip(clip, trial);
    const broker = await startMosquitto();
    ends.push(() => broker.dispose());
    const topic: Heard[] = [];
    let last: Presence | undefined;
    const client = await connectAsync(broker.url, { protocolVersion: 5 });
    ends.push(() => client.endAsync(true));
    client.on("message", (_topic, payload) => {
      const heardMs = nowMs();
      last = Presence.parse(JSON.parse(payload.toString()));
      const { occupied, time } = last;
      if (occupied !== null && String(occupied) !== topic.at(-1)?.occupied)
        topic.push({ occupied: String(occupied), frameMs: Date.parse(time), heardMs });
    });
    await client.subscribeAsync(`${ROOT}/state/presence/${TOUCHPOINT}`, { qos: 1 });
    const http: Heard[] = [];
    const player = await startPlayer(http);
    ends.push(player.close);
    const command = writeCommand(folder);
    const agent = startAgent(
      writeConfig(trial, { clip, brokerUrl: broker.url, player: player.url, command: command.path }),
    );
    ends.push(() => agent.end());
    await agent.heard(({ msg }) => msg === STARTED, "the agent started");
    const enough = (): boolean => [topic, http, command.heard()].every(({ length }) => length >= changes);
    await until(() => enough() || !agent.running(), "enough turns", 30_000 + changes * trial.holdMs * 3);
    if (!agent.running()) throw new Error(`the agent ended:\n${agent.printed()}`);
    await agent.end();
    await until(() => last?.occupied === null, "the last word of an agent that ends");
    const first = <T>(all: readonly T[]): T[] => all.slice(0, changes);
    return { topic: first(topic), http: first(http), command: first(command.heard()), last };
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

/** Somebody at the till and the empty shop in turns: drawn, so no recording of anybody is needed. */
async function writeClip(path: string, { fps, holdMs }: PresenceTrial): Promise<void> {
  const [visit] = visitsUntil(SEED, 60_000);
  if (visit === undefined) throw new Error("nobody comes in the drawn scene");
  const scene = await createScene({ ...SIZE, seed: SEED, canary: false });
  const empty = await scene.frameAt(0);
  const met = await scene.frameAt(visit.standsMs);
  const writer = createClipWriter(path, SIZE, fps);
  const frames = Math.round((holdMs * fps) / 1000);
  for (let turn = 0; turn < 20; turn += 1)
    for (let frame = 0; frame < frames; frame += 1) await writer.write(turn % 2 === 0 ? empty : met);
  await writer.close();
}

async function startPlayer(heard: Heard[]): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const heardMs = nowMs();
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { occupied, time } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      if (occupied !== null) heard.push({ occupied: String(occupied), frameMs: Date.parse(time), heardMs });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}/presence`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A program that notes when it was started. */
function writeCommand(folder: string): { path: string; heard: () => Heard[] } {
  const path = join(folder, "player.sh");
  const log = join(folder, "player.log");
  writeFileSync(path, `#!/bin/sh\necho "$(date +%s%N) $PRESENCE_OCCUPIED $PRESENCE_TIME" >> '${log}'\n`);
  chmodSync(path, 0o755);
  return {
    path,
    heard: () =>
      (existsSync(log) ? readFileSync(log, "utf8").split("\n") : []).flatMap((line) => {
        const [nanoseconds, occupied, time] = line.split(" ");
        if (occupied === undefined || time === undefined || occupied === "unknown") return [];
        return [{ occupied, frameMs: Date.parse(time), heardMs: Number(nanoseconds) / 1e6 }];
      }),
  };
}

function writeConfig(
  { folder, fps }: PresenceTrial,
  { clip, brokerUrl, player, command }: { clip: string; brokerUrl: string; player: string; command: string },
): string {
  const camera = { id: "screen", source: { kind: "file", path: clip, loop: true }, ...SIZE, fps, detect: ["person"] };
  const config: ConfigInput = {
    version: 1,
    local: {
      device: DEVICE,
      site: SITE,
      dataDir: join(folder, "data"),
      broker: { url: brokerUrl },
      cameras: [camera as NonNullable<ConfigInput["local"]["cameras"]>[number]],
      notify: {
        presence: [
          { id: "program", kind: "command", program: command },
          { id: "player", kind: "http", url: player },
        ],
      },
    },
    fleet: {
      touchpoints: [{ id: TOUCHPOINT, zone: { camera: "screen", by: "person" }, presence: { enterMs: 0, leaveMs: 0 } }],
    },
  };
  const file = join(folder, "touchpoint.yaml");
  writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
