// A chip without a kernel: libgpiod's command-line tools as small scripts over a folder, in the manner of 1.6 or 2.x.

import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export interface FakeChip {
  /** The tools' folder; put it first on PATH. */
  readonly dir: string;
  /** What gpioget reads, one level per button line. */
  levels(text: string): void;
  /** An edge as gpiomon prints it, stamped with CLOCK_MONOTONIC now, less `agoMs`. */
  edge(offset: number, active: boolean, agoMs?: number): void;
  /** Any line on gpiomon's output. */
  print(line: string): void;
  /** Makes gpiomon refuse to start, with this complaint. */
  refuse(complaint: string | undefined): void;
  /** Process id of the running gpiomon. */
  monitorPid(): number;
  /** Every `offset=level` that gpioset was asked for, in order. */
  sets(): string[];
  /** Arguments gpiomon was started with. */
  monitorArgs(): string;
  dispose(): void;
}

/** Makes the tools of a chip labelled `pinctrl-test` with lines 17, 27 (named GPIO27), 24 and 25. */
export function fakeChip(version: 1 | 2): FakeChip {
  const dir = mkdtempSync(join(tmpdir(), "gpio-"));
  const at = (name: string): string => join(dir, name);
  const said = version === 1 ? "v1.6.3" : "v2.2.1";
  const script = (name: string, lines: readonly string[]): void => {
    writeFileSync(at(name), `#!/bin/sh\ncd '${dir}'\n${lines.join("\n")}\n`);
    chmodSync(at(name), 0o755);
  };
  execFileSync("mkfifo", [at("edges")]);
  // Open for reading too, so that neither side waits for the other.
  const edges = openSync(at("edges"), "r+");
  writeFileSync(at("levels"), "0 0\n");
  script("gpiodetect", ["echo 'gpiochip3 [other] (8 lines)'", "echo 'gpiochip0 [pinctrl-test] (32 lines)'"]);
  script("gpioget", ["cat levels"]);
  const names = [17, 24, 25, 27].map((offset) => {
    const name = offset === 27 ? '"GPIO27"' : "unnamed";
    if (version === 2) return `printf '\\tline %3d:\\t%s\\tinput\\n' ${offset} '${name}'`;
    // A line belongs to a gpiomon only while that lives.
    const used = `if kill -0 "$(cat monitor.pid 2>/dev/null)" 2>/dev/null; then u='"gpiomon"'; f=' [used]'; else u=unused; f=; fi`;
    return `${used}; printf '\\tline %3d: %s %s input active-low%s\\n' ${offset} '${name}' "$u" "$f"`;
  });
  script("gpioinfo", ["echo 'gpiochip0 - 32 lines:'", ...names]);
  script("gpiomon", [
    `[ "$1" = --version ] && { echo "gpiomon (libgpiod) ${said}"; exit 0; }`,
    "[ -e refuse ] && { cat refuse >&2; exit 1; }",
    'echo "$*" > monitor.args; echo $$ > monitor.pid',
    ...(version === 2 ? [`echo "Monitoring lines '17', and '27'..."`] : []),
    "exec cat edges",
  ]);
  script("gpioset", ['for last; do :; done; echo "$last" >> sets', "exec tail -f /dev/null"]);
  return {
    dir,
    levels: (text) => writeFileSync(at("levels"), text),
    edge(offset, active, agoMs = 0) {
      const ns = process.hrtime.bigint() - BigInt(Math.round(agoMs * 1e6));
      const [seconds, rest] = [ns / 1_000_000_000n, ns % 1_000_000_000n];
      const kind = version === 1 ? Number(active) : active ? 1 : 2;
      const fraction = version === 1 ? String(rest) : String(rest).padStart(9, "0");
      writeSync(edges, `${kind} ${offset} ${seconds}.${fraction}\n`);
    },
    print: (line) => void writeSync(edges, `${line}\n`),
    refuse(complaint) {
      if (complaint === undefined) rmSync(at("refuse"), { force: true });
      else writeFileSync(at("refuse"), complaint);
    },
    monitorPid: () => Number(readFileSync(at("monitor.pid"), "utf8")),
    sets: () => (existsSync(at("sets")) ? readFileSync(at("sets"), "utf8").trim().split("\n") : []),
    monitorArgs: () => readFileSync(at("monitor.args"), "utf8").trim(),
    dispose: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Runs `work` with the fake's tools first on PATH. */
export async function withTools(chip: FakeChip, work: () => Promise<void>): Promise<void> {
  const before = process.env.PATH;
  process.env.PATH = `${chip.dir}${delimiter}${before ?? ""}`;
  try {
    await work();
  } finally {
    process.env.PATH = before;
    chip.dispose();
  }
}
