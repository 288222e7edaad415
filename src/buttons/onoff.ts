// Buttons, lamp and beeper on GPIO lines through sysfs (the npm package onoff), for kernels that still have it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Gpio } from "onoff";
import type { PadConfig } from "../config/pads.ts";
import { asFault, Fault } from "../words/errors.ts";
import { watchEdges } from "./edges.ts";
import { BEEPER, LAMP, type Player, playPatterns } from "./lamp.ts";
import type { RunPad } from "./pad.ts";

type OnoffConfig = Extract<PadConfig, { driver: "onoff" }>;

/** How often levels are read again, milliseconds: finds a chip that is gone, and an edge that was missed. */
const REREAD_MS = 1_000;

export interface ChipBase {
  readonly base: number;
  readonly lines: number;
}

/**
 * The number of a chip's first line in sysfs, which moves between kernels (512, 520, 571, 992 were seen).
 * @param folder /sys/class/gpio
 * @throws Fault ONOFF_OPEN when the folder is absent or the label is not there exactly once
 */
export function chipBase(folder: string, label: string): ChipBase {
  const found: ChipBase[] = [];
  const labels: string[] = [];
  try {
    for (const name of readdirSync(folder)) {
      if (!/^gpiochip\d+$/.test(name)) continue;
      const read = (file: string): string => readFileSync(join(folder, name, file), "utf8").trim();
      labels.push(read("label"));
      if (labels.at(-1) === label) found.push({ base: Number(read("base")), lines: Number(read("ngpio")) });
    }
  } catch (thrown) {
    throw asFault(thrown, "ONOFF_OPEN", "sysfs GPIO cannot be read");
  }
  const [chip] = found;
  if (chip === undefined || found.length > 1)
    throw new Fault(
      "ONOFF_OPEN",
      `${found.length} chips are labelled ${label}; labels here: ${labels.join(", ") || "none"}`,
    );
  return chip;
}

/**
 * A pad whose buttons are sysfs lines. There is no bias and no kernel time stamp here: resistors belong on the board,
 * and a press has the time of its reading. The native module is loaded only when a pad wants it.
 * Rejects with ONOFF_OPEN.
 */
export function onoffPad(config: OnoffConfig, folder = "/sys/class/gpio"): RunPad {
  return async (context) => {
    const { base, lines } = chipBase(folder, config.chip);
    const { Gpio: Line } = await import("onoff").catch((thrown: unknown) => {
      throw asFault(thrown, "ONOFF_OPEN", "the onoff module cannot be loaded");
    });
    const open: Gpio[] = [];
    const line = (offset: number, direction: "in" | "low"): Gpio => {
      if (offset >= lines) throw new Fault("ONOFF_OPEN", `chip ${config.chip} has no line ${offset}`);
      const gpio =
        direction === "in"
          ? new Line(base + offset, "in", "both", { activeLow: config.activeLow })
          : new Line(base + offset, "low");
      open.push(gpio);
      return gpio;
    };
    const players: Player[] = [];
    let closeEdges = (): void => undefined;
    let reread: NodeJS.Timeout | undefined;
    try {
      const inputs = Object.entries(config.buttons).map(([button, offset]) => ({ button, gpio: line(offset, "in") }));
      const outputs = [
        { offset: config.lamp, table: LAMP },
        { offset: config.beeper, table: BEEPER },
      ].flatMap(({ offset, table }) => (offset === undefined ? [] : [{ gpio: line(offset, "low"), table }]));
      await new Promise<void>((resolve, reject) => {
        const fail = (thrown: unknown): void => reject(asFault(thrown, "ONOFF_OPEN", "a sysfs line failed"));
        const edges = watchEdges({
          held: Object.fromEntries(inputs.map(({ button, gpio }) => [button, gpio.readSync() === 1])),
          pad: config.id,
          settings: config,
          nowMs: context.nowMs,
          input: context.input,
        });
        closeEdges = () => edges.close(!context.signal.aborted);
        for (const { button, gpio } of inputs)
          gpio.watch((error, value) => {
            if (error) fail(error);
            else edges.edge(button, value === 1, context.nowMs());
          });
        reread = setInterval(() => {
          try {
            for (const { button, gpio } of inputs) {
              const level = gpio.readSync() === 1;
              if (level !== edges.level(button)) edges.edge(button, level, context.nowMs());
            }
          } catch (thrown) {
            fail(thrown);
          }
        }, REREAD_MS);
        for (const { gpio, table } of outputs)
          players.push(
            playPatterns(table, (on) => {
              try {
                gpio.writeSync(on ? 1 : 0);
              } catch (thrown) {
                fail(thrown);
              }
            }),
          );
        context.signal.addEventListener("abort", () => resolve(), { once: true });
        if (context.signal.aborted) return resolve();
        context.opened({
          indicate: (indication) => {
            for (const player of players) player.show(indication);
          },
          acknowledge: () => undefined,
        });
      });
    } catch (thrown) {
      throw asFault(thrown, "ONOFF_OPEN", "sysfs lines could not be opened");
    } finally {
      clearInterval(reread);
      closeEdges();
      for (const player of players) player.close();
      for (const gpio of open) release(gpio);
    }
  };
}

/** Switches an output off and gives the line back; a line that is gone has nothing to give back. */
function release(gpio: Gpio): void {
  try {
    if (gpio.direction() === "out") gpio.writeSync(0);
    gpio.unexport();
  } catch {
    // The chip was removed: the kernel took its lines with it.
  }
}
