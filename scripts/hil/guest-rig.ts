// What trials inside the guest stand on: a pad kept running, a simulated chip, and one printed JSON line per finding.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PadPort, RunPad } from "../../src/buttons/pad.ts";
import { keepRunning } from "../../src/supervise/keep-running.ts";
import type { FaultCode } from "../../src/words/errors.ts";
import type { PadInput } from "../../src/words/inputs.ts";

/** One printed line. */
export type Finding =
  | { kind: "state"; state: string; code?: string; message?: string }
  | { kind: "input"; input: PadInput }
  | { kind: "frame"; size: string }
  | { kind: "dropped"; code: string; message: string }
  | { kind: "result"; name: string; ok: boolean; detail: string }
  | { kind: "done" };

export const print = (finding: Finding): void => {
  process.stdout.write(`${JSON.stringify(finding)}\n`);
};

/** Resolves once `true` is answered. @returns false when it was not in time */
export async function until(condition: () => boolean, timeoutMs = 15_000): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return condition();
}

export const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A pad that is kept running, with all it said. */
export interface Running {
  readonly inputs: PadInput[];
  readonly states: { state: string; code?: string }[];
  /** Pad as it is open now; undefined while it is not. */
  readonly port: () => PadPort | undefined;
  readonly presses: () => string[];
  stop(): Promise<void>;
}

/** Boottime of this machine; /proc/uptime counts it in hundredths, hrtime fills in between. */
function bootClock(): () => number {
  const boot = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
  const start = performance.now();
  return () => boot + performance.now() - start;
}

export function keep(run: RunPad, fallback: FaultCode): Running {
  const stop = new AbortController();
  const inputs: PadInput[] = [];
  const states: { state: string; code?: string }[] = [];
  let port: PadPort | undefined;
  const nowMs = bootClock();
  const ended = keepRunning({
    signal: stop.signal,
    fallback,
    backoff: { firstMs: 200, maxMs: 1_000, stableAfterMs: 10_000 },
    report: (state, fault) => {
      if (state !== "ok") port = undefined;
      if (state === states.at(-1)?.state && fault?.code === states.at(-1)?.code) return;
      const entry = fault === undefined ? { state } : { state, code: fault.code };
      states.push(entry);
      print({ kind: "state", ...entry, ...(fault === undefined ? {} : { message: fault.message }) });
    },
    run: (signal, working) =>
      run({
        signal,
        nowMs,
        input: (input) => {
          inputs.push(input);
          print({ kind: "input", input });
        },
        opened: (open) => {
          port = open;
          working();
        },
        dropped: (fault) => print({ kind: "dropped", code: fault.code, message: fault.message }),
      }),
  });
  return {
    inputs,
    states,
    port: () => port,
    presses: () => inputs.flatMap((input) => (input.kind === "press" ? [input.button] : [])),
    async stop() {
      stop.abort();
      await ended;
    },
  };
}

/** A simulated chip; its files are in configfs and sysfs. */
export interface SimulatedChip {
  /** Connects a line to ground (`down`) or lets its pull-up win (`up`): a button that closes to ground. */
  pull(offset: number, direction: "up" | "down"): void;
  /** The level an output is driven to, or an input reads. */
  value(offset: number): number;
  readonly device: string;
}

/** Makes a chip of 32 lines with label `pinctrl-rp1` and names like GPIO17, or finds the one made before. */
export function simulatedChip(names: readonly number[]): SimulatedChip {
  const tree = "/sys/kernel/config/gpio-sim/hil";
  const bank = join(tree, "bank0");
  try {
    mkdirSync(tree);
    mkdirSync(bank);
    writeFileSync(join(bank, "num_lines"), "32");
    writeFileSync(join(bank, "label"), "pinctrl-rp1");
    for (const offset of names) {
      mkdirSync(join(bank, `line${offset}`));
      writeFileSync(join(bank, `line${offset}`, "name"), `GPIO${offset}`);
    }
    writeFileSync(join(tree, "live"), "1");
  } catch (thrown) {
    if (!(thrown instanceof Error && "code" in thrown && thrown.code === "EEXIST")) throw thrown;
  }
  const read = (file: string): string => readFileSync(file, "utf8").trim();
  const device = `/sys/devices/platform/${read(join(tree, "dev_name"))}`;
  const lines = join(device, read(join(bank, "chip_name")));
  if (!readdirSync(lines).includes("sim_gpio0")) throw new Error(`no simulated lines below ${lines}`);
  return {
    device,
    pull: (offset, direction) => writeFileSync(join(lines, `sim_gpio${offset}`, "pull"), `pull-${direction}`),
    value: (offset) => Number(read(join(lines, `sim_gpio${offset}`, "value"))),
  };
}
