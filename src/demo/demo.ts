// Joins the demo's parts: broker, whole agent, central server, page and auto-shopper; ends them in order and judges.
//
//   page, auto-shopper ─► simulated pad ─► agent ─► broker ─► central ─► page, terminal
//   drawn scene ───────────────────────────►
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import { runAgent } from "../agent/agent.ts";
import { openReader } from "../journal/read.ts";
import { EVENT_DATA } from "../words/events.ts";
import { startBroker } from "./broker.ts";
import { startCentral } from "./central.ts";
import { type DemoConfig, demoConfig } from "./config.ts";
import { createDesk, type Desk } from "./desk.ts";
import { Ledger } from "./ledger.ts";
import { createLive, type Live, type Told } from "./live.ts";
import { lineOf, sentenceOf } from "./sentence.ts";
import { servePage } from "./server.ts";
import { shoppers, startShopper } from "./shopper.ts";
import { judge, type Verdict } from "./verdict.ts";

/** Events that a page opened later is shown. */
const REMEMBERED = 60;
/** How long the last messages may take through the broker in this process, milliseconds. */
const LAST_WORDS_MS = 3_000;

export interface DemoOptions {
  /** Ends by itself after this time; undefined: when aborted. */
  readonly seconds: number | undefined;
  /** Port of the page, 0 for a free one. */
  readonly port: number;
  readonly auto: boolean;
  readonly seed: number | undefined;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Writes one line for the person at the terminal. */
  readonly say: (line: string) => void;
}

/** Runs the demo to its end. @throws where a part could not be started, or the agent had a bug */
export async function runDemo(options: DemoOptions): Promise<Verdict> {
  const dataDir = mkdtempSync(join(tmpdir(), "touchpoint-demo-"));
  // A last resort for an exit that skips the `finally` below; nothing of a demo stays behind.
  const clean = (): void => rmSync(dataDir, { recursive: true, force: true });
  process.once("exit", clean);
  const broker = await startBroker();
  const live = createLive();
  try {
    return await runWith(options, demoConfig({ brokerUrl: broker.url, dataDir, seed: options.seed }), broker.url, live);
  } finally {
    await live.close();
    await broker.close();
    clean();
    process.removeListener("exit", clean);
  }
}

async function runWith(options: DemoOptions, demo: DemoConfig, brokerUrl: string, live: Live): Promise<Verdict> {
  const { say } = options;
  const { local, fleet } = demo.config;
  const ledger = new Ledger();
  const latest = new Map<string, Told>();
  const recent: Told[] = [];
  const tell = (told: Told): void => live.tell(told);
  const remember = (key: string, told: Told): void => {
    latest.set(key, told);
    tell(told);
  };
  let unreadable = 0;
  let shopperPresses = 0;

  const stop = new AbortController();
  const desk = createDesk((pattern) => tell({ name: "lamp", data: { pattern } }));
  const shopper = startShopper(
    shoppers(options.seed ?? 1, demo.buttons),
    async (button) => {
      if ((await desk.press(button)) === "thanks") shopperPresses += 1;
    },
    stop.signal,
  );
  const setting = { question: demo.question, buttons: demo.buttons, k: fleet.mood.k };
  latest.set("setting", { name: "setting", data: setting });

  const central = await startCentral(brokerUrl, {
    event(event) {
      if (!ledger.take(event)) return;
      say(lineOf(event));
      const { seq, type, time } = event;
      const told = { name: "event", data: { seq, type, time, sentence: sentenceOf(event) } };
      recent.push(told);
      if (recent.length > REMEMBERED) recent.shift();
      tell(told);
      remember("figures", { name: "figures", data: ledger.figures() });
      if (options.auto && type === "presence" && EVENT_DATA.presence.safeParse(event.data).data?.occupied) shopper();
    },
    state: (name, value) => remember(name, { name: "state", data: { name, value } }),
    unreadable: () => {
      unreadable += 1;
    },
  });
  try {
    const page = await servePage(options.port, {
      desk,
      buttons: demo.buttons,
      join: (response) => live.join(response, [...latest.values(), ...recent]),
    });
    try {
      const { complete, ranMs } = await lead(options, demo, desk, stop, () => {
        say("Touchpoint demo: emotion reading is on; drawn figures only; no picture is stored or sent.");
        say(`  page    ${page.url}   press a smiley, watch the events arrive`);
        say(`  broker  ${brokerUrl}   topics touchpoint/v1/${local.site}/${local.device}/#`);
        say(
          `  ${options.seconds === undefined ? "Ctrl-C ends it." : `Ends after ${options.seconds} s, or with Ctrl-C.`}`,
        );
      });
      await central.offline(AbortSignal.timeout(LAST_WORDS_MS));
      const journal = headOf(local.dataDir);
      const arrived = ledger.ofStream(local.device, journal.stream);
      const figures = ledger.figures();
      const verdict = judge({ ranMs, figures, shopperPresses, unreadable, journal, broker: arrived, complete });
      tell({ name: "end", data: {} });
      return verdict;
    } finally {
      await live.close();
      await page.close();
    }
  } finally {
    await central.close();
  }
}

/** Runs the agent for as long as asked. */
async function lead(
  options: DemoOptions,
  demo: DemoConfig,
  desk: Desk,
  stop: AbortController,
  started: () => void,
): Promise<{ complete: boolean; ranMs: number }> {
  const { seconds, signal, log } = options;
  const end = (): void => stop.abort();
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  let timer: NodeJS.Timeout | undefined;
  let fromMs = performance.now();
  try {
    await runAgent(demo.config, {
      signal: stop.signal,
      log,
      simulated: (_id, pad) => desk.place(pad),
      started: () => {
        fromMs = performance.now();
        if (seconds !== undefined) timer = setTimeout(end, seconds * 1000);
        started();
      },
    });
    return { complete: seconds !== undefined && !signal.aborted, ranMs: performance.now() - fromMs };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    end();
  }
}

/** What the journal file itself says, read after the agent closed it. */
function headOf(dataDir: string): { stream: string; head: number } {
  const reader = openReader(join(dataDir, "journal.db"));
  try {
    return reader.head();
  } finally {
    reader.close();
  }
}
