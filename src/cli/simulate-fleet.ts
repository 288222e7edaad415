// `touchpoint simulate fleet`: the load of many devices on a broker, and how it bore it.
import { join, resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { version } from "../agent/agent.ts";
import { bootId } from "../clock/clock.ts";
import { type FleetReport, runFleet } from "../simulate/fleet/fleet.ts";
import { addressOf } from "../uplink/login.ts";
import { Fault } from "../words/errors.ts";
import { EXIT } from "./outcome.ts";

/** Memory of one process: some 100 KiB for each device. */
const MOST_DEVICES = 10_000;
/** Times of all presses are held until the end. */
const MOST_PRESSES = 5_000_000;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

interface Options {
  readonly devices: number;
  readonly broker: string;
  readonly rate: number;
  readonly seconds: number;
  readonly seed: number;
  readonly site: string;
  readonly prefix: string;
  readonly confirm: string;
  readonly resendAfter: number;
  readonly settle: number;
  readonly passwordFile?: string;
  readonly ca?: string;
  readonly certs?: string;
  readonly yesThisBroker?: boolean;
  readonly json?: boolean;
}

/** Adds `fleet` to `simulate`. */
export function registerSimulateFleet(simulate: Command): void {
  simulate
    .command("fleet")
    .description("many devices that connect to a broker and press for a while; fails where an event is lost")
    .requiredOption("--broker <url>", "mqtt://, mqtts://, ws:// or wss://")
    .option("--devices <n>", `1 to ${MOST_DEVICES}`, whole(1, MOST_DEVICES), 100)
    .option("--rate <n>", "mean presses of one device each second, 0 to 100", between(0, 100), 0.1)
    .option("--seconds <n>", "how long is pressed, 1 to 3600", whole(1, 3_600), 60)
    .option("--seed <n>", "the same seed is the same people", whole(0, 4_294_967_295), 1)
    .option("--site <name>", "site of all devices", "simulated-fleet")
    .option("--prefix <topic>", "first levels of every topic", "touchpoint/v1")
    .option("--confirm <who>", "puback, or server where a consumer says `ack`", "puback")
    .option("--resend-after <s>", "with `server`, sent again after so long, seconds", whole(1, 86_400), 300)
    .option("--settle <s>", "longest wait for connections, and for what is on its way", whole(1, 3_600), 60)
    .option("--password-file <file>", "one password for all; the user is the device's name")
    .option("--ca <file>", "certificate of the broker's authority, PEM")
    .option("--certs <folder>", "{device}.crt and {device}.key of each device, sim-00001 and on")
    .option("--yes-this-broker", "needed for a broker that is not on this machine")
    .option("--json", "one JSON object")
    .action(fleet);
}

async function fleet(options: Options): Promise<void> {
  const { devices, rate, seconds, seed, site, broker: url, passwordFile, ca, certs } = options;
  if (devices * rate * seconds > MOST_PRESSES)
    throw new Fault("SIMULATE_TOO_MUCH", `${devices} devices × ${rate} × ${seconds} s are more than ${MOST_PRESSES}`);
  if (!URL.canParse(url)) throw new Fault("CONFIG_INVALID", `not a broker's address: ${url}`);
  if (!LOOPBACK.test(addressOf(url).host) && options.yesThisBroker !== true)
    throw new Fault("SIMULATE_ELSEWHERE", `${addressOf(url).at} is not on this machine`);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const report = await runFleet({
    devices,
    perSecond: rate,
    seconds,
    seed,
    site,
    brokerOf: (device) => ({
      url,
      prefix: options.prefix,
      confirm: options.confirm,
      resendAfterS: options.resendAfter,
      ...(passwordFile === undefined ? {} : { passwordFile: resolve(passwordFile) }),
      ...(ca === undefined ? {} : { caFile: resolve(ca) }),
      ...(certs === undefined
        ? {}
        : { certFile: join(resolve(certs), `${device}.crt`), keyFile: join(resolve(certs), `${device}.key`) }),
    }),
    version: version(),
    boot: bootId(),
    signal: stop.signal,
    settleMs: options.settle * 1_000,
    progress: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : page(report));
  process.exitCode = report.lost === 0 && report.connected === report.devices ? EXIT.good : EXIT.failed;
}

function page(report: FleetReport): string {
  const ms = (value: number | null): string => (value === null ? "none came" : `${value.toFixed(1)} ms`);
  const faults = Object.entries(report.faults).map(([code, count]) => `${code} ${count}`);
  return [
    `devices            ${report.devices}, ${report.connected} connected at the start`,
    `events             ${report.events} in ${report.seconds.toFixed(1)} s, ${report.eventsPerSecond.toFixed(1)} events/s`,
    `behind             ${ms(report.behindMs)} at most`,
    `press to PUBACK    p50 ${ms(report.pubackP50Ms)}, p99 ${ms(report.pubackP99Ms)}`,
    `reconnects         ${report.reconnects}`,
    `refused            ${report.refused}`,
    `lost               ${report.lost}`,
    `faults             ${faults.length === 0 ? "none" : faults.join(", ")}`,
    `memory             ${Math.round(report.memoryBytes / 1_048_576)} MiB in this process`,
    "",
  ].join("\n");
}

function whole(from: number, to: number): (text: string) => number {
  const check = between(from, to);
  return (text) => {
    if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError(`a whole number, ${from} to ${to}`);
    return check(text);
  };
}

function between(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value) || value < from || value > to) throw new InvalidArgumentError(`a number, ${from} to ${to}`);
    return value;
  };
}
