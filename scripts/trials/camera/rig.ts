// One till with cameras under trial: the real program and Mosquitto, presses at its door all the while.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { freePort, startMosquitto } from "../../../test/fakes/mosquitto.ts";
import { until } from "../../../test/fakes/until.ts";
import { type AgentProcess, STARTED, startAgent } from "../agent-process.ts";
import { descendants, statusKib } from "../processes.ts";
import { ROOT, writeTrialConfig } from "../settings.ts";
import { startSubscriber } from "../subscriber.ts";

export type CameraInput = NonNullable<ConfigInput["local"]["cameras"]>[number];

/** What an agent holds of the machine. */
interface Held {
  readonly children: number;
  readonly descriptors: number;
  readonly memoryMb: number;
}

export interface Rig {
  readonly agent: AgentProcess;
  /** Counters of a camera's stage since the agent started. */
  counter(camera: string, name: "frames" | "inferred"): Promise<number>;
  /** Waits for the stage of a camera to say so, from now on; the code, where there is one. */
  says(camera: string, state: "ok" | "degraded"): Promise<string | undefined>;
  /** Process ids of the ffmpeg children. */
  ffmpegs(): number[];
}

export interface RigReport<T> {
  readonly result: T;
  readonly presses: number;
  /** Presses without a 201, and presses that the broker never got. */
  readonly unanswered: number;
  readonly lost: number;
  /** What is held at the end beyond what was held when all cameras had been seen. */
  readonly more: Held;
}

const TOKEN = "secret-of-the-trial";
const PRESS_MS = 250;

export interface RigSettings {
  readonly folder: string;
  readonly cameras: readonly CameraInput[];
  /** Folder that is looked into first for programs. */
  readonly programs?: string;
}

/** Runs `work` on a till whose cameras are all seen, and counts what it cost. */
export async function withRig<T>(
  { folder, cameras, programs }: RigSettings,
  work: (rig: Rig) => Promise<T>,
): Promise<RigReport<T>> {
  const ending: (() => Promise<unknown>)[] = [];
  try {
    const broker = await startMosquitto();
    ending.push(broker.dispose);
    const subscriber = await startSubscriber(broker.port, ROOT);
    ending.push(subscriber.end);
    const port = await freePort();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "token"), TOKEN, { mode: 0o600 });
    const file = writeTrialConfig({
      folder,
      brokerUrl: broker.url,
      local: {
        pads: [{ id: "p1", driver: "simulated" }],
        cameras: [...cameras],
        http: { port, tokenFile: join(folder, "token") },
      },
    });
    const agent = startAgent(
      file,
      programs === undefined ? {} : { env: { PATH: `${programs}:${process.env.PATH ?? ""}` } },
    );
    ending.push(() => agent.end("SIGKILL"));
    await agent.heard(({ msg }) => msg === STARTED, "it started");
    await agent.heard(({ stage, state }) => stage === "door" && state === "ok", "its door is open");
    const door = createDoor(port);
    const rig = rigOf(agent, door);
    for (const { id } of cameras)
      await until(async () => (await rig.counter(id, "inferred")) > 2, `frames of ${id} are looked at`, 60_000);
    const before = held(agent.pid);
    const presses = door.pressing();
    ending.push(presses.stop);
    const result = await work(rig);
    const { sent, answered } = await presses.stop();
    const ids = (): Set<string> =>
      new Set(subscriber.arrived.filter(({ type }) => type === "press").map(({ id }) => id));
    await until(() => answered.every((id) => ids().has(id)), "presses are at the broker", 20_000).catch(
      () => undefined,
    );
    const after = held(agent.pid);
    if (!agent.running()) throw new Error(`the agent ended:\n${agent.printed().slice(-2_000)}`);
    return {
      result,
      presses: sent,
      unanswered: sent - answered.length,
      lost: answered.filter((id) => !ids().has(id)).length,
      more: {
        children: after.children - before.children,
        descriptors: after.descriptors - before.descriptors,
        memoryMb: Math.round(after.memoryMb - before.memoryMb),
      },
    };
  } finally {
    for (const end of ending.reverse()) await end();
  }
}

function rigOf(agent: AgentProcess, door: Door): Rig {
  return {
    agent,
    counter: async (camera, name) => (await door.counters())[`camera:${camera}.${name}`] ?? 0,
    says: async (camera, state) => {
      const after = agent.lines.length;
      const heard = await agent.heard(
        (line) => line.stage === `camera:${camera}` && line.state === state,
        `${camera} is ${state}`,
        after,
        90_000,
      );
      return heard.code;
    },
    ffmpegs: () =>
      descendants(agent.pid).filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "ffmpeg";
        } catch {
          return false;
        }
      }),
  };
}

interface Door {
  counters(): Promise<Record<string, number>>;
  pressing(): { readonly stop: () => Promise<{ sent: number; answered: string[] }> };
}

function createDoor(port: number): Door {
  const base = `http://127.0.0.1:${port}/v1/`;
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  return {
    async counters() {
      const health = (await (await fetch(`${base}health`, { headers })).json()) as { counters: Record<string, number> };
      return health.counters;
    },
    pressing() {
      /** The event's id, where the press was on disk when the answer came. */
      const accepted = async (button: string): Promise<string | undefined> => {
        const body = JSON.stringify({ pad: "p1", button });
        try {
          const answer = await fetch(`${base}presses`, { method: "POST", headers, body });
          const { events } = (await answer.json()) as { events?: string[] };
          return answer.status === 201 ? events?.[0] : undefined;
        } catch {
          return undefined;
        }
      };
      let stopped = false;
      let sent = 0;
      const answered: string[] = [];
      const press = async (): Promise<void> => {
        while (!stopped) {
          sent += 1;
          const id = await accepted(String(1 + (sent % 4)));
          if (id !== undefined) answered.push(id);
          await wait(PRESS_MS);
        }
      };
      const pressing = press();
      return {
        async stop() {
          stopped = true;
          await pressing;
          return { sent, answered };
        },
      };
    },
  };
}

function held(pid: number): Held {
  return {
    children: descendants(pid).length,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    memoryMb: (statusKib(pid, "VmRSS") ?? 0) / 1024,
  };
}
