// The command lines of libgpiod's tools and the reading of what they print, for 1.6 and 2.x: pure functions.

/** Generations of the command line; they differ in option names, edge numbers and time format. */
export type GpiodVersion = 1 | 2;

export type Bias = "pull-up" | "pull-down" | "disabled" | "as-is";

/** Where lines are and how inputs on them are requested. */
export interface LineRequest {
  /** Device name such as gpiochip0. */
  readonly chip: string;
  readonly offsets: readonly number[];
  readonly bias: Bias;
  readonly activeLow: boolean;
}

export interface ChipInfo {
  readonly name: string;
  readonly label: string;
  readonly lines: number;
}

export interface LineInfo {
  readonly offset: number;
  readonly name?: string;
  /** Who holds the line; undefined when it is free. */
  readonly consumer?: string;
}

export interface GpioEdge {
  readonly offset: number;
  /** The logical level after the edge: active-low is already taken into account by the kernel. */
  readonly active: boolean;
  /** Kernel time of the edge, CLOCK_MONOTONIC nanoseconds (before Linux 5.7: CLOCK_REALTIME). */
  readonly atNs: bigint;
}

/** The name under which 2.x tools request lines, seen in gpioinfo; 1.6 always says its own. */
export const CONSUMER = "touchpoint";

/** Reads `gpiomon --version`: `gpiomon (libgpiod) v1.6.3` or `gpiomon (libgpiod) v2.2.1`. */
export function parseVersion(text: string): GpiodVersion | undefined {
  const major = /\bv?(\d+)\.\d+/.exec(text)?.[1];
  return major === "1" ? 1 : major === "2" ? 2 : undefined;
}

/** Reads `gpiodetect`: one `gpiochip0 [pinctrl-rp1] (54 lines)` a line, the same in both generations. */
export function parseChips(text: string): ChipInfo[] {
  return [...text.matchAll(/^(\S+) \[(.*)\] \((\d+) lines?\)\s*$/gm)].map(([, name = "", label = "", lines]) => ({
    name,
    label,
    lines: Number(lines),
  }));
}

/** Reads `gpioinfo` of one chip. */
export function parseLines(text: string): LineInfo[] {
  const found: LineInfo[] = [];
  for (const [, offset, quoted, rest = ""] of text.matchAll(/^\s*line\s+(\d+):\s+(?:"(.*?)"|\S+)(?=\s)(.*)$/gm)) {
    const [, named, bare] = /consumer=(?:"(.*?)"|(\S+))/.exec(rest) ?? [];
    const consumer = named ?? bare ?? /^\s+"(.*?)"/.exec(rest)?.[1] ?? kernelUse(rest);
    found.push({
      offset: Number(offset),
      ...(quoted === undefined ? {} : { name: quoted }),
      ...(consumer === undefined ? {} : { consumer }),
    });
  }
  return found;
}

/** 1.6 prints `kernel`, without quotes, where a driver holds the line, and `unused` for free lines. */
function kernelUse(rest: string): string | undefined {
  if (!/\[.*used.*\]\s*$/.test(rest)) return undefined;
  return /^\s+(\S+)\s+(?:input|output)\b/.exec(rest)?.[1];
}

/** Reads one line of gpiomon in the format of `monitorArgs`; undefined for anything else, such as the banner. */
export function parseEdge(line: string, version: GpiodVersion): GpioEdge | undefined {
  const match = /^(\d) (\d{1,5}) (\d{1,12})\.(\d{1,9})$/.exec(line.trim());
  if (match === null) return undefined;
  const [, kind = "", offset, seconds = "", fraction = ""] = match;
  // 1.6 says 0 falling, 1 rising; 2.x says 1 rising, 2 falling.
  const active = kind === "1";
  if (!active && kind !== (version === 1 ? "0" : "2")) return undefined;
  // 1.6 prints the nanoseconds as a plain number, not zero-padded: 12.5 is 12 s and 5 ns.
  const nanoseconds = version === 1 ? fraction : fraction.padEnd(9, "0");
  return { offset: Number(offset), active, atNs: BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds) };
}

/** Reads gpioget's levels, one per requested line, in order; undefined when the count is wrong. */
export function parseLevels(text: string, count: number): boolean[] | undefined {
  const words = text.trim().split(/\s+/);
  if (words.length !== count || words.some((word) => word !== "0" && word !== "1")) return undefined;
  return words.map((word) => word === "1");
}

/** Arguments of gpioinfo for one chip. */
export function infoArgs(version: GpiodVersion, chip: string): string[] {
  return version === 1 ? [chip] : ["--chip", chip];
}

/** Arguments of gpioget that read the logical levels of all lines at once. */
export function readArgs(version: GpiodVersion, request: LineRequest): string[] {
  // 2.x can wait until a pull-up has charged the cable before it reads; 1.6 cannot.
  const extra = version === 1 ? [] : ["--numeric", "--hold-period=2ms", `--consumer=${CONSUMER}`];
  return [
    ...inputArgs(version, request),
    ...extra,
    ...placeArgs(version, request.chip),
    ...request.offsets.map(String),
  ];
}

/** Arguments of gpiomon that print both edges of all lines, each at once, as `event offset seconds.fraction`. */
export function monitorArgs(version: GpiodVersion, request: LineRequest): string[] {
  const extra =
    version === 1
      ? ["--line-buffered", "--format=%e %o %s.%n"]
      : ["--banner", "--event-clock=monotonic", "--format=%e %o %S", `--consumer=${CONSUMER}`];
  return [
    ...inputArgs(version, request),
    ...extra,
    ...placeArgs(version, request.chip),
    ...request.offsets.map(String),
  ];
}

/** Arguments of gpioset that hold one line at a level until the program is ended. */
export function holdArgs(version: GpiodVersion, chip: string, offset: number, on: boolean): string[] {
  const extra = version === 1 ? ["--mode=signal"] : [`--consumer=${CONSUMER}`];
  return [...extra, ...placeArgs(version, chip), `${offset}=${on ? 1 : 0}`];
}

function inputArgs(version: GpiodVersion, request: LineRequest): string[] {
  const bias = version === 1 && request.bias === "disabled" ? "disable" : request.bias;
  return [...(bias === "as-is" ? [] : [`--bias=${bias}`]), ...(request.activeLow ? ["--active-low"] : [])];
}

function placeArgs(version: GpiodVersion, chip: string): string[] {
  return version === 1 ? [chip] : ["--chip", chip];
}
