// A till in trouble: the real program with a pad on a real pseudo-terminal, started and killed as often as a trial wants.

import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { startMosquitto } from "../../test/fakes/mosquitto.ts";
import { createFakePad, type FakePad } from "../../test/fakes/pad.ts";
import { createCable } from "../../test/fakes/pty.ts";
import type { AgentOptions, AgentProcess } from "../trials/agent-process.ts";
import { STARTED, startAgent } from "../trials/agent-process.ts";
import { type PressStream, STREAM_BUTTONS, startPressing } from "../trials/press-stream.ts";
import { ROOT, type TrialSettings, writeTrialConfig } from "../trials/settings.ts";
import { type Subscriber, startSubscriber } from "../trials/subscriber.ts";

/** Longest wait for a start on a busy machine, milliseconds. */
const START_MS = 60_000;

export interface ChaosTill {
  readonly config: string;
  readonly pad: FakePad;
  /** The agent that was started last. */
  readonly agent: AgentProcess;
  /** Starts an agent and resolves when it serves; its log begins anew. */
  start(options?: AgentOptions): Promise<AgentProcess>;
  /** Starts an agent and does not wait. */
  launch(options?: AgentOptions): AgentProcess;
  /** Somebody presses on and on. */
  press(seed: number): PressStream;
  /** Nobody presses any more. */
  hush(): void;
  remove(): Promise<void>;
}

/** Makes the till; no agent runs yet. The pad is plugged in and remembers what was not acknowledged. */
export async function createTill(settings: TrialSettings, options: AgentOptions = {}): Promise<ChaosTill> {
  const cable = await createCable();
  const config = writeTrialConfig({
    ...settings,
    buttons: STREAM_BUTTONS,
    local: { ...settings.local, pads: [{ id: "p1", driver: "serial", port: cable.agentEnd }] },
  });
  const pad = await createFakePad(cable.padEnd, "P1", "k1");
  let agent: AgentProcess | undefined;
  let stream: PressStream | undefined;
  const logged: Promise<void>[] = [];
  const launch = (more?: AgentOptions): AgentProcess => {
    const started = startAgent(config, { ...options, ...more });
    // For whoever looks into a trial that went wrong.
    logged.push(
      started.ended.then(({ code, signal }) =>
        appendFileSync(join(settings.folder, "agent.log"), `${started.printed()}ended: ${signal ?? code}\n`),
      ),
    );
    agent = started;
    return started;
  };
  return {
    config,
    pad,
    get agent() {
      if (agent === undefined) throw new Error("no agent was started");
      return agent;
    },
    launch,
    async start(more) {
      const started = launch(more);
      await started.heard(({ msg }) => msg === STARTED, "it started", 0, START_MS);
      return started;
    },
    press(seed) {
      stream = startPressing(pad, seed);
      return stream;
    },
    hush: () => stream?.stop(),
    async remove() {
      stream?.stop();
      await agent?.end("SIGKILL");
      await Promise.all(logged);
      await pad.unplug();
      await cable.remove();
    },
  };
}

/** What may be otherwise about a till at a broker of its own. */
interface AtBroker {
  readonly local?: TrialSettings["local"];
  readonly options?: AgentOptions;
}

/** A till with a Mosquitto of its own, and somebody who hears everything there; all of it is ended with `ending`. */
export async function createTillAtBroker(
  ending: (() => Promise<unknown>)[],
  folder: string,
  { local, options = {} }: AtBroker = {},
): Promise<{ readonly till: ChaosTill; readonly subscriber: Subscriber; readonly brokerUrl: string }> {
  const broker = await startMosquitto();
  ending.push(broker.dispose);
  const subscriber = await startSubscriber(broker.port, ROOT);
  ending.push(subscriber.end);
  const settings = { folder, brokerUrl: broker.url, ...(local === undefined ? {} : { local }) };
  const till = await createTill(settings, options);
  ending.push(till.remove);
  return { till, subscriber, brokerUrl: broker.url };
}

/** Things to be ended, in the reverse order of their making, whatever went wrong. */
export async function withEnding<T>(work: (ending: (() => Promise<unknown>)[]) => Promise<T>): Promise<T> {
  const ending: (() => Promise<unknown>)[] = [];
  try {
    return await work(ending);
  } finally {
    for (const end of ending.reverse()) await end();
  }
}
