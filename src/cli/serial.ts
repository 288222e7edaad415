// `touchpoint serial list`: ports and who uses them; `serial sniff`: what comes in on one, line by line.
import { once } from "node:events";
import { existsSync, realpathSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { SerialPort } from "serialport";
import { openSerial } from "../buttons/serial-port.ts";
import { createSniffer, type Sniffed } from "../buttons/sniff.ts";
import { findDevices } from "../config/found.ts";
import { loadConfig } from "../config/load.ts";
import type { PadConfig } from "../config/pads.ts";
import { CONFIG_OPTION, EXIT } from "./outcome.ts";

type SerialPad = Extract<PadConfig, { driver: "serial" }>;

/** What the library says of a port. */
type PortInfo = Awaited<ReturnType<typeof SerialPort.list>>[number];

/** How long silence goes on before it is mentioned, milliseconds. */
const SILENCE_MS = 5_000;

export function registerSerial(program: Command): void {
  const serial = program.command("serial").description("serial ports and the pads on them");
  serial
    .command("list")
    .description("ports of this machine, with the names that stay the same, and the pads that are configured on them")
    .option(...CONFIG_OPTION)
    .option("--json", "one JSON object")
    .action(list);
  serial
    .command("sniff")
    .description("show every line that comes in on a port, and what it says; nothing is sent or acknowledged")
    .argument("[port]", "path of the port; without it that of --pad")
    .option(...CONFIG_OPTION)
    .option("--pad <id>", "a serial pad of the configuration: its port, speed and pattern")
    .option("--baud <n>", "bits per second", wholeNumber)
    .option("--seconds <n>", "stop by itself", wholeNumber)
    .option("--json", "one JSON object per line")
    .action(sniff);
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("a whole number from 1 up.");
  return value;
}

/** Serial pads of the configuration; none where there is no file at the usual place. */
function padsOf(file: string): SerialPad[] {
  if (file === CONFIG_OPTION[2] && !existsSync(file)) return [];
  return loadConfig(file).config.local.pads.filter((pad) => pad.driver === "serial");
}

async function list(options: { config: string; json?: true }): Promise<void> {
  const pads = padsOf(options.config);
  const stable = findDevices("/dev").serialPorts.map((name) => ({ name, path: realpathSync(name) }));
  // The library asks udev for maker and numbers; where there is none, the names alone are known.
  const found: Partial<PortInfo>[] = await SerialPort.list().catch(() => stable);
  const ports = found.map(({ path = "", manufacturer, vendorId, productId, serialNumber }) => {
    const name = stable.find((one) => one.path === path)?.name;
    const users = pads.filter(({ port }) => port === path || port === name).map(({ id }) => id);
    return { path, name, manufacturer, vendorId, productId, serialNumber, pads: users };
  });
  const known = ports.flatMap(({ path, name }) => [path, name]);
  const missing = pads.filter(({ port }) => !known.includes(port) && !existsSync(port));
  if (options.json === true) {
    const absent = missing.map(({ id, port }) => ({ pad: id, port }));
    process.stdout.write(`${JSON.stringify({ ports, missing: absent })}\n`);
  } else {
    for (const { path, name, manufacturer, pads: users } of ports)
      process.stdout.write(
        `${name ?? path}${name === undefined ? "" : ` (${path})`}  ${manufacturer ?? "maker unknown"}${users.length === 0 ? "" : `  pad ${users.join(", ")}`}\n`,
      );
    if (ports.length === 0) process.stdout.write("No serial port is there.\n");
    for (const { id, port } of missing) process.stdout.write(`pad ${id}: ${port} is not there\n`);
  }
  if (missing.length > 0) process.exitCode = EXIT.failed;
}

interface SniffOptions {
  readonly config: string;
  readonly pad?: string;
  readonly baud?: number;
  readonly seconds?: number;
  readonly json?: true;
}

async function sniff(port: string | undefined, options: SniffOptions, command: Command): Promise<void> {
  const pads = port === undefined || options.pad !== undefined ? padsOf(options.config) : [];
  const pad = pads.find(({ id }) => options.pad === undefined || id === options.pad);
  if (options.pad !== undefined && pad === undefined)
    command.error(`error: no serial pad ${options.pad} is configured in ${options.config}`);
  const path = port ?? pad?.port;
  if (path === undefined) return command.error("error: name a port, or a serial pad of the configuration by --pad");
  const baud = options.baud ?? pad?.baud ?? 115_200;
  const say = (fields: Readonly<Record<string, unknown>>, text: string): void =>
    void process.stdout.write(options.json === true ? `${JSON.stringify(fields)}\n` : `${text}\n`);

  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const ends = options.seconds === undefined ? undefined : setTimeout(() => stop.abort(), options.seconds * 1000);
  const serial = await openSerial(path, baud);
  say({ what: "open", port: path, baud }, `${path} at ${baud} baud; end with Ctrl-C`);
  const sniffer = createSniffer(pad?.pattern);
  const begunMs = performance.now();
  let bytes = 0;
  let lines = 0;
  const silence = setInterval(() => {
    if (lines > 0) return;
    const waiting =
      bytes === 0
        ? "nothing has come in: is the pad on, and are TX and RX the right way round?"
        : `${bytes} bytes came in, but no line ended: is ${baud} baud right?`;
    say({ what: "silent", bytes }, waiting);
  }, SILENCE_MS);
  serial.port.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    for (const one of sniffer.push(chunk)) {
      lines += 1;
      const atMs = Math.round(performance.now() - begunMs);
      say({ atMs, ...one }, `${(atMs / 1000).toFixed(3).padStart(9)}  ${inWords(one)}`);
    }
  });
  try {
    await Promise.race([serial.gone, once(stop.signal, "abort")]);
  } finally {
    clearInterval(silence);
    clearTimeout(ends);
    await serial.close();
  }
}

function inWords(one: Sniffed): string {
  switch (one.what) {
    case "sentence":
      return `${one.line}  → ${Object.entries(one.says)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join("  ")}`;
    case "unknown":
      return `${one.line}  ✗ ${one.why}`;
    case "too-long":
      return `✗ ${one.lines} × a line too long`;
    default:
      return one satisfies never;
  }
}
