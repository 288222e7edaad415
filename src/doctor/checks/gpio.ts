// GPIO: libgpiod's tools, the chip by its label, and each line of the pad.
import { infoArgs, type LineInfo, parseChips, parseLines, parseVersion } from "../../buttons/gpio-tools.ts";
import { chipBase } from "../../buttons/onoff.ts";
import type { PadConfig } from "../../config/pads.ts";
import { type Finding, failed, failedBy, ok, type Patient } from "../finding.ts";

type GpioPad = Extract<PadConfig, { driver: "gpio" }>;
type OnoffPad = Extract<PadConfig, { driver: "onoff" }>;

export async function gpioFindings(pad: GpioPad, { machine, signal }: Patient): Promise<readonly Finding[]> {
  const name = `gpio ${pad.id}`;
  const said = await machine.run("gpiodetect", ["--version"], signal);
  const version = parseVersion(said?.stdout ?? "");
  if (version === undefined) return [failed(name, "libgpiod's tools are not installed", "apt-get install gpiod")];
  const detected = await machine.run("gpiodetect", [], signal);
  const chips = parseChips(detected?.stdout ?? "");
  const chip = chips.find(({ label, name: device }) => label === pad.chip || device === pad.chip);
  if (chip === undefined) {
    const there = chips.length === 0 ? "none is visible" : `there are ${chips.map(({ label }) => label).join(", ")}`;
    return [
      failed(
        name,
        `no chip labelled ${pad.chip}; ${there}`,
        "Take a label from `gpiodetect`; the user must be in group gpio.",
      ),
    ];
  }
  const info = await machine.run("gpioinfo", infoArgs(version, chip.name), signal);
  const lines = parseLines(info?.stdout ?? "");
  const wanted = [
    ...Object.entries(pad.buttons).map(([button, line]) => ({ use: `button ${button}`, line })),
    ...(pad.lamp === undefined ? [] : [{ use: "lamp", line: pad.lamp }]),
    ...(pad.beeper === undefined ? [] : [{ use: "beeper", line: pad.beeper }]),
  ];
  const problems = wanted.flatMap(({ use, line }) => lineProblem(`${name} ${use}`, line, lines));
  return problems.length > 0 ? problems : [ok(name, `${chip.label} has all ${wanted.length} lines`)];
}

/** Nothing where the line is there and free, or held by the agent's own tools. */
export function lineProblem(name: string, line: number | string, lines: readonly LineInfo[]): Finding[] {
  const found = lines.find((info) => (typeof line === "number" ? info.offset === line : info.name === line));
  if (found === undefined)
    return [failed(name, `there is no line ${line}`, "Take an offset or a name from `gpioinfo`.")];
  const { consumer } = found;
  if (consumer === undefined || /^(touchpoint|gpiomon|gpioset)$/.test(consumer)) return [];
  return [
    failed(name, `line ${line} is held by ${consumer}`, "Free it: a device tree overlay or another program has it."),
  ];
}

export function onoffFindings(pad: OnoffPad): Finding {
  const name = `onoff ${pad.id}`;
  try {
    const { base } = chipBase("/sys/class/gpio", pad.chip);
    return ok(name, `${pad.chip} begins at ${base}`);
  } catch (thrown) {
    return failedBy(name, thrown);
  }
}
