// The trials of a driver on simulated GPIO lines: presses, bounce, a held and a stuck button, lamp, busy and lost lines.
import { type ChildProcess, execFileSync } from "node:child_process";
import { gpioPad } from "../../src/buttons/gpio.ts";
import { onoffPad } from "../../src/buttons/onoff.ts";
import type { RunPad } from "../../src/buttons/pad.ts";
import { PadConfig } from "../../src/config/pads.ts";
import { endChild, exited, startChild } from "../../src/supervise/child.ts";
import type { FaultCode } from "../../src/words/errors.ts";
import { after, keep, print, type Running, type SimulatedChip, simulatedChip, until } from "./guest-rig.ts";

/** Line of each button, in order of the buttons' names. */
export const LINES: Readonly<Record<string, number>> = { "1": 17, "2": 27, "3": 22, "4": 23 };
const NAMES = Object.keys(LINES);
export const LAMP = 24;
export const BEEPER = 25;
const PRESSES = 20;
/**
 * Stable level asked for, and how long the simulated finger holds and rests, milliseconds. An emulated machine stalls
 * for tens of milliseconds, in the middle of a bounce too: the level asked for is longer than the usual 20.
 */
export const DEBOUNCE_MS = 80;
const HOLD_MS = 160;

/** The buttons of twenty presses in a fixed order without a pattern. */
export const ORDER = Array.from(
  { length: PRESSES },
  (_, i) => NAMES[(i * i * 7 + i * 3 + (i >> 2)) % NAMES.length] ?? "1",
);

function driver(kind: "gpio" | "onoff", stuckMs: number, more: object = {}): RunPad {
  const common = {
    id: "hil",
    chip: "pinctrl-rp1",
    lamp: LAMP,
    beeper: BEEPER,
    debounceMs: DEBOUNCE_MS,
    stuckMs,
    ...more,
  };
  // Two lines by name and two by offset: both ways of saying where a button is.
  const named = { ...LINES, "2": "GPIO27", "4": "GPIO23" };
  const config = PadConfig.parse({ buttons: kind === "gpio" ? named : LINES, ...common, driver: kind });
  if (config.driver === "gpio") return gpioPad(config);
  if (config.driver === "onoff") return onoffPad(config);
  throw new Error(`no trial for ${config.driver}`);
}

/** One press; with `bounces` the contact closes and opens that often before it stays closed, and again at release. */
export async function press(chip: SimulatedChip, button: string, bounces = 0): Promise<void> {
  const offset = LINES[button] ?? 0;
  for (let i = 0; i < bounces; i += 1) {
    chip.pull(offset, "down");
    chip.pull(offset, "up");
  }
  chip.pull(offset, "down");
  await after(HOLD_MS);
  for (let i = 0; i < bounces; i += 1) {
    chip.pull(offset, "up");
    chip.pull(offset, "down");
  }
  chip.pull(offset, "up");
  await after(HOLD_MS);
}

export const result = (name: string, ok: boolean, detail: string): void => print({ kind: "result", name, ok, detail });

async function twenty(name: string, chip: SimulatedChip, pad: Running, bounces: number): Promise<void> {
  const before = pad.presses().length;
  for (const button of ORDER) await press(chip, button, bounces);
  await until(() => pad.presses().length - before >= PRESSES);
  // Whatever came too often would come within the next stable level.
  await after(300);
  const got = pad.presses().slice(before);
  const right = got.length === PRESSES && got.every((button, i) => button === ORDER[i]);
  result(
    name,
    right,
    `${got.length} of ${PRESSES}, order ${right ? "right" : `${got.join("")} for ${ORDER.join("")}`}`,
  );
}

async function lamp(chip: SimulatedChip, pad: Running): Promise<void> {
  const seen: string[] = [];
  const wait = async (word: string, offset: number, level: number): Promise<void> => {
    const came = await until(() => chip.value(offset) === level);
    seen.push(`${word} ${came ? level : `never ${level}`}`);
  };
  pad.port()?.indicate("attention", "hil");
  await wait("lamp", LAMP, 1);
  await wait("lamp", LAMP, 0);
  await wait("lamp", LAMP, 1);
  pad.port()?.indicate("off", "hil");
  await wait("lamp", LAMP, 0);
  pad.port()?.indicate("error", "hil");
  await wait("beeper", BEEPER, 1);
  await wait("beeper", BEEPER, 0);
  pad.port()?.indicate("off", "hil");
  await wait("lamp", LAMP, 0);
  result("lamp and beeper follow", !seen.some((word) => word.includes("never")), seen.join(", "));
}

async function heldAndStuck(kind: "gpio" | "onoff", chip: SimulatedChip, fallback: FaultCode): Promise<void> {
  chip.pull(LINES["3"] ?? 0, "down");
  // As-is, so that requesting the line does not let go of the held button.
  const pad = keep(driver(kind, 1_500, kind === "gpio" ? { bias: "as-is" } : {}), fallback);
  await until(() => pad.port() !== undefined);
  const conditions = (): string[] => pad.inputs.flatMap((i) => (i.kind === "condition" ? [i.condition] : []));
  await until(() => conditions().includes("stuck"));
  const early = pad.presses().length;
  chip.pull(LINES["3"] ?? 0, "up");
  await until(() => conditions().includes("ok"));
  await press(chip, "3");
  await until(() => pad.presses().length > early);
  const got = pad.presses();
  const right = early === 0 && got.join() === "3" && conditions().join() === "stuck,ok";
  result("held at start is no press, then stuck, then ok", right, `${conditions().join(", ")}; presses ${got.join()}`);
  await pad.stop();
}

async function busyThenFree(chip: SimulatedChip, version: number): Promise<void> {
  const chipName = execFileSync("gpiodetect").toString().split(" ")[0] ?? "";
  const at = version === 1 ? ["--mode=signal", chipName] : ["--chip", chipName];
  const other: ChildProcess = startChild("gpioset", [...at, `${LINES["1"]}=1`], { stdio: "ignore" });
  await until(() => execFileSync("gpioinfo", version === 1 ? [chipName] : ["--chip", chipName]).includes("gpioset"));
  const pad = keep(driver("gpio", 30_000), "GPIO_LOST");
  await until(() => pad.states.some(({ state }) => state === "degraded"));
  const refused = pad.states.at(-1)?.code ?? "none";
  await endChild(other);
  const open = await until(() => pad.port() !== undefined);
  await press(chip, "1");
  await until(() => pad.presses().length > 0);
  const right = refused === "GPIO_OPEN" && open && pad.presses().join() === "1";
  result("line busy, then free", right, `first ${refused}, then presses ${pad.presses().join()}`);
  const pid = Number(execFileSync("pgrep", ["-f", "bin/gpiomon "]).toString().trim());
  process.kill(pid, "SIGKILL");
  await until(() => pad.states.some(({ code }) => code === "GPIO_LOST"));
  await until(() => pad.port() !== undefined);
  await press(chip, "4");
  await until(() => pad.presses().length > 1);
  const codes = pad.states.map(({ state, code }) => code ?? state);
  result("gpiomon killed", pad.presses().join() === "1,4", `${codes.join(" → ")}; presses ${pad.presses().join()}`);
  await pad.stop();
}

/** What is left of the tools after the pad was stopped: nothing may hold a line. */
async function leftOver(): Promise<void> {
  const pgrep = startChild("pgrep", ["-f", "bin/gpio(mon|set) "], { stdio: "ignore" });
  const { code } = await exited(pgrep);
  result("no child is left", code === 1, code === 1 ? "neither gpiomon nor gpioset runs" : "a child still runs");
}

/** Runs all trials of one driver. @param version generation of libgpiod's tools on PATH */
export async function tryPins(kind: "gpio" | "onoff", version: number): Promise<void> {
  const chip = simulatedChip(Object.values(LINES));
  for (const offset of Object.values(LINES)) chip.pull(offset, "up");
  const fallback = kind === "gpio" ? "GPIO_LOST" : "ONOFF_OPEN";
  const pad = keep(driver(kind, 30_000), fallback);
  if (!(await until(() => pad.port() !== undefined, 60_000))) {
    result("opens", false, pad.states.map(({ state, code }) => code ?? state).join(" → "));
    return pad.stop();
  }
  await twenty("twenty clean presses", chip, pad, 0);
  await twenty("twenty bouncing presses", chip, pad, 3);
  await lamp(chip, pad);
  await pad.stop();
  await heldAndStuck(kind, chip, fallback);
  if (kind === "gpio") await busyThenFree(chip, version);
  if (kind === "gpio") await leftOver();
}
