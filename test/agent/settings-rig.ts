// An agent whose fleet settings come by a broker in this process: what it runs by, what it says, what it counts.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentOptions } from "../../src/agent/agent.ts";
import { runLives } from "../../src/agent/lives.ts";
import { createLog } from "../../src/agent/log.ts";
import type { SimulatedPad } from "../../src/buttons/simulated.ts";
import { settingsHash } from "../../src/config/canonical.ts";
import { Config, type ConfigInput } from "../../src/config/schema.ts";
import { Envelope, EVENT_DATA, type EventData, type EventType } from "../../src/words/events.ts";
import { SettingsState } from "../../src/words/fleet-settings.ts";
import { type InProcessBroker, startInProcessBroker } from "../fakes/broker.ts";
import { until } from "../fakes/until.ts";

export const ROOT = "touchpoint/v1/trial/till-03";

/** Two lives of the agent, on a machine with other work. */
const WITHIN_MS = 60_000;

type Fleet = ConfigInput["fleet"];

/** The till of these trials: one simulated pad, a question of four buttons. */
export function fleet(more: Partial<Fleet> = {}, version = 1): Fleet {
  const question = { id: "visit", version, buttons: { "1": 1, "2": 2, "3": 3, "4": 4 } };
  return { touchpoints: [{ id: "checkout", pads: ["p1"], question }], ...more };
}

/** A document as a central server makes it. */
export function wanted(version: number, settings: Fleet, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ version, hash: settingsHash(settings), by: "ops@example", fleet: settings, ...more });
}

export interface Rig {
  readonly folder: string;
  readonly broker: InProcessBroker;
  /** Every `state/config` so far. */
  readonly states: SettingsState[];
  readonly last: () => SettingsState | undefined;
  of<T extends EventType>(type: T): (Envelope & { readonly data: EventData[T] })[];
  /** Topics below the root that the agent reads. */
  readonly subscribed: readonly string[];
  /** Publishes a document, retained. */
  send(payload: string | Buffer): void;
  /** Waits until `state/config` says so. */
  says(state: SettingsState["state"], version?: number): Promise<SettingsState>;
  press(button: string): Promise<void>;
  /** Starts the agent and waits until it is connected. */
  start(options?: Partial<AgentOptions> & { readonly heard?: () => boolean }): Promise<Running>;
  end(): Promise<void>;
}

export interface Running {
  /** Lives begun so far. */
  readonly lives: () => number;
  /** Ends the agent in order. */
  readonly stop: () => Promise<void>;
}

export async function createRig(local: Partial<ConfigInput["local"]> = {}, own: Fleet = fleet()): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), "touchpoint-settings-"));
  const broker = await startInProcessBroker();
  const states: SettingsState[] = [];
  const events: Envelope[] = [];
  const subscribed: string[] = [];
  broker.aedes.on("subscribe", (subscriptions) => {
    for (const { topic } of subscriptions) subscribed.push(topic.slice(ROOT.length + 1));
  });
  broker.aedes.on("publish", ({ topic, payload }) => {
    if (topic === `${ROOT}/state/config`) states.push(SettingsState.parse(JSON.parse(payload.toString())));
    if (!topic.includes("/event/")) return;
    const event = Envelope.parse(JSON.parse(payload.toString()));
    EVENT_DATA[event.type as EventType].parse(event.data);
    if (!events.some(({ stream, seq }) => stream === event.stream && seq === event.seq)) events.push(event);
  });
  const config = Config.parse({
    version: 1,
    local: {
      device: "till-03",
      site: "trial",
      dataDir: folder,
      broker: { url: broker.url },
      pads: [{ id: "p1", driver: "simulated" }],
      remoteConfig: { trialS: 1 },
      ...local,
    },
    fleet: own,
  });
  let pad: SimulatedPad | undefined;
  let stopAll: () => Promise<void> = async () => undefined;
  return {
    folder,
    broker,
    states,
    subscribed,
    last: () => states.at(-1),
    of: (type) => events.filter((event) => event.type === type) as never,
    send: (payload) =>
      broker.aedes.publish(
        { cmd: "publish", topic: `${ROOT}/config`, payload: Buffer.from(payload), qos: 1, retain: true, dup: false },
        () => undefined,
      ),
    async says(state, version) {
      const fits = (one: SettingsState | undefined): boolean =>
        one?.state === state && (version === undefined || one.version === version);
      await until(() => fits(states.at(-1)), `state/config says ${state} ${version ?? ""}`, WITHIN_MS);
      return states.at(-1) as SettingsState;
    },
    async press(button) {
      // While no life has it open, the press is made again.
      await until(() => pad?.press(button) === true, "the pad is open");
    },
    async start({ heard, ...options } = {}) {
      const stop = new AbortController();
      let lives = 0;
      const before = states.length;
      const running = runLives(config, {
        log: createLog("error"),
        simulated: (_id, one) => {
          pad = one;
        },
        started: () => {
          lives += 1;
        },
        ...options,
        signal: stop.signal,
      });
      stopAll = async () => {
        stop.abort();
        await running;
      };
      await Promise.race([until(heard ?? (() => states.length > before), "the agent says its settings"), running]);
      return { lives: () => lives, stop: stopAll };
    },
    async end() {
      await stopAll();
      await broker.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
