// Buttons, lamp and beeper on GPIO lines: libgpiod's own tools as supervised children.
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { PadConfig } from "../config/pads.ts";
import { pause } from "../supervise/backoff.ts";
import { endChild, exited, startChild } from "../supervise/child.ts";
import { Fault } from "../words/errors.ts";
import { type Edges, stampedMs, watchEdges } from "./edges.ts";
import { holdLine, type LineOutput } from "./gpio-output.ts";
import {
  type GpiodVersion,
  infoArgs,
  type LineRequest,
  monitorArgs,
  parseChips,
  parseEdge,
  parseLevels,
  parseLines,
  parseVersion,
  readArgs,
} from "./gpio-tools.ts";
import { BEEPER, LAMP, type Player, playPatterns } from "./lamp.ts";
import type { PadContext, RunPad } from "./pad.ts";

type GpioConfig = Extract<PadConfig, { driver: "gpio" }>;

/** A tool that only reads and has not answered after this long hangs, milliseconds. */
const TOOL_MS = 5_000;
/** How often 1.6's line table is read while waiting for gpiomon to hold its lines, milliseconds. */
const READY_POLL_MS = 20;

/** Chip and offsets a configuration stands for on this machine. */
interface Wiring {
  readonly version: GpiodVersion;
  readonly request: LineRequest;
  /** Button of each offset. */
  readonly buttons: ReadonlyMap<number, string>;
  readonly lamp?: number;
  readonly beeper?: number;
}

/**
 * A pad whose buttons are lines of a GPIO chip, found by the chip's label, lines by offset or name.
 * Rejects with GPIO_OPEN (no such chip or line, line busy, no rights), GPIO_LOST (gpiomon ended) or CHILD_MISSING.
 */
export function gpioPad(config: GpioConfig): RunPad {
  return async (context) => {
    const wiring = await findLines(config);
    const held = await readLevels(wiring);
    const edges = watchEdges({ held, pad: config.id, settings: config, nowMs: context.nowMs, input: context.input });
    const monitor = startChild("gpiomon", monitorArgs(wiring.version, wiring.request), {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const outputs: { line: LineOutput; player: Player }[] = [];
    try {
      await watch(monitor, wiring, edges, context, () => {
        for (const [offset, table] of [[wiring.lamp, LAMP] as const, [wiring.beeper, BEEPER] as const]) {
          if (offset === undefined) continue;
          const { version, request } = wiring;
          const line = holdLine({ version, chip: request.chip, offset, failed: context.dropped });
          line.set(false);
          outputs.push({ line, player: playPatterns(table, (on) => line.set(on)) });
        }
        context.opened({
          indicate: (indication) => {
            for (const { player } of outputs) player.show(indication);
          },
          acknowledge: () => undefined,
        });
      });
    } finally {
      edges.close(!context.signal.aborted);
      for (const { player } of outputs) player.close();
      await Promise.all([endChild(monitor), ...outputs.map(({ line }) => line.close())]);
    }
  };
}

/** Feeds gpiomon's edges until it ends (rejects) or the signal is aborted; calls `ready` once it holds the lines. */
async function watch(
  monitor: ChildProcess,
  wiring: Wiring,
  edges: Edges,
  context: PadContext,
  ready: () => void,
): Promise<void> {
  const { stdout, stderr } = monitor;
  if (stdout === null || stderr === null) throw new Fault("GPIO_OPEN", "gpiomon has no output");
  const { signal } = context;
  const over = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      let working = false;
      let complaint = "";
      const work = (): void => {
        if (working || over.signal.aborted || signal.aborted) return;
        working = true;
        ready();
      };
      signal.addEventListener("abort", () => resolve(), { once: true, signal: over.signal });
      if (signal.aborted) resolve();
      stderr.setEncoding("utf8").on("data", (said: string) => {
        complaint = (complaint + said).slice(-500);
      });
      monitor.once("error", (thrown) => reject(new Fault("GPIO_OPEN", "gpiomon could not be started", {}, thrown)));
      monitor.once("close", (code, by) => {
        reject(new Fault(working ? "GPIO_LOST" : "GPIO_OPEN", `gpiomon ended (${by ?? code}): ${complaint.trim()}`));
      });
      createInterface({ input: stdout }).on("line", (line) => {
        const edge = parseEdge(line, wiring.version);
        const button = edge === undefined ? undefined : wiring.buttons.get(edge.offset);
        if (edge !== undefined && button !== undefined)
          edges.edge(button, edge.active, stampedMs(context.nowMs(), process.hrtime.bigint(), edge.atNs));
        else if (wiring.version === 2 && line.startsWith("Monitoring line")) work();
        else reject(new Fault("GPIO_LOST", `gpiomon printed what neither 1.6 nor 2.x does: ${line.slice(0, 80)}`));
      });
      if (wiring.version === 1) untilHeld(wiring, over.signal).then(work, reject);
    });
  } finally {
    over.abort();
  }
}

/** 1.6 prints no banner: its lines are held once gpioinfo shows a consumer on each. */
async function untilHeld(wiring: Wiring, signal: AbortSignal): Promise<void> {
  const { version, request } = wiring;
  const deadline = performance.now() + TOOL_MS;
  while (!signal.aborted) {
    const lines = parseLines(await tool("gpioinfo", infoArgs(version, request.chip)));
    const held = new Set(lines.filter((line) => line.consumer !== undefined).map((line) => line.offset));
    if (request.offsets.every((offset) => held.has(offset))) return;
    if (performance.now() > deadline) throw new Fault("GPIO_OPEN", "gpiomon did not take its lines in time");
    await pause(READY_POLL_MS, signal);
  }
}

async function findLines(config: GpioConfig): Promise<Wiring> {
  const version = parseVersion(await tool("gpiomon", ["--version"]));
  if (version === undefined) throw new Fault("GPIO_OPEN", "this libgpiod is neither 1.x nor 2.x");
  const chips = parseChips(await tool("gpiodetect", []));
  const matching = chips.filter((chip) => chip.label === config.chip);
  const [chip] = matching;
  if (chip === undefined || matching.length > 1) {
    const seen = chips.map(({ label }) => label).join(", ") || "none";
    throw new Fault("GPIO_OPEN", `${matching.length} chips are labelled ${config.chip}; labels here: ${seen}`);
  }
  const known = parseLines(await tool("gpioinfo", infoArgs(version, chip.name)));
  const offsetOf = (line: number | string): number => {
    const offset = typeof line === "number" ? line : known.find(({ name }) => name === line)?.offset;
    if (offset === undefined || offset >= chip.lines)
      throw new Fault("GPIO_OPEN", `chip ${config.chip} has no line ${line}`, { chip: config.chip, line });
    return offset;
  };
  const buttons = new Map(Object.entries(config.buttons).map(([button, line]) => [offsetOf(line), button]));
  if (buttons.size < Object.keys(config.buttons).length || buttons.size === 0)
    throw new Fault("GPIO_OPEN", `pad ${config.id} needs buttons, each on a line of its own`);
  return {
    version,
    request: { chip: chip.name, offsets: [...buttons.keys()], bias: config.bias, activeLow: config.activeLow },
    buttons,
    ...(config.lamp === undefined ? {} : { lamp: offsetOf(config.lamp) }),
    ...(config.beeper === undefined ? {} : { beeper: offsetOf(config.beeper) }),
  };
}

async function readLevels(wiring: Wiring): Promise<Record<string, boolean>> {
  const { request, buttons, version } = wiring;
  const printed = await tool("gpioget", readArgs(version, request));
  const levels = parseLevels(printed, request.offsets.length);
  if (levels === undefined) throw new Fault("GPIO_OPEN", `gpioget printed no levels: ${printed.slice(0, 80)}`);
  return Object.fromEntries(request.offsets.map((offset, i) => [buttons.get(offset) ?? "", levels[i] ?? false]));
}

/** Standard output of a tool that ends by itself. @throws Fault GPIO_OPEN when it fails or hangs */
async function tool(program: string, args: readonly string[]): Promise<string> {
  const child = startChild(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  if (child.stdout === null || child.stderr === null) throw new Fault("GPIO_OPEN", `${program} has no output`);
  const hang = setTimeout(() => child.kill("SIGKILL"), TOOL_MS);
  try {
    const [said, complaint, { code }] = await Promise.all([text(child.stdout), text(child.stderr), exited(child)]);
    if (code === 0) return said;
    throw new Fault("GPIO_OPEN", `${program} failed: ${complaint.trim().slice(0, 200)}`, { code });
  } finally {
    clearTimeout(hang);
  }
}
