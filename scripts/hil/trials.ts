// The trials as the host sees them: starts the guest's program, works keys and plugs, reads back what was found.
import { setTimeout as wait } from "node:timers/promises";
import type { Finding } from "./guest-rig.ts";
import type { Machine } from "./machine.ts";

export interface Result {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

const PINS_MS = 300_000;

/** The findings among the lines of an output. */
export function findings(output: string): Finding[] {
  return output.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Finding] : []));
}

/** Prints a result and keeps it. */
export function say(results: Result[], result: Result): void {
  results.push(result);
  console.log(`${result.ok ? "ok  " : "FAIL"}  ${result.name}: ${result.detail}`);
}

/** Trials on simulated lines: `gpio` with the guest's own libgpiod 1.6, `gpio2` with 2.x, `onoff` through sysfs. */
export async function pinTrials(machine: Machine, trial: "gpio" | "gpio2" | "onoff"): Promise<Result[]> {
  const version = trial === "gpio2" ? 2 : 1;
  const path = trial === "gpio2" ? "PATH=/opt/gpiod2-bin:$PATH " : "";
  const kind = trial === "onoff" ? "onoff" : "gpio";
  const told = (await machine.shell(`${path}gpiodetect --version | head -1`)).output.trim();
  const tools = trial === "onoff" ? "sysfs" : told;
  const { output } = await machine.shell(`${path}/app/node /app/dist/scripts/hil/guest.js ${kind} ${version}`, PINS_MS);
  const results: Result[] = [];
  const all = findings(output);
  for (const finding of all)
    if (finding.kind === "result") say(results, { ...finding, name: `${trial} (${tools}) ${finding.name}` });
  if (!all.some(({ kind: word }) => word === "done"))
    say(results, { name: `${trial} ended`, ok: false, detail: output.slice(-1_500) });
  return results;
}

const LOG = "/tmp/hid.ndjson";
const PID = "/tmp/hid.pid";
const LEAK = "/tmp/leak";

/** Trials of a USB keyboard: twenty keys, unplugged and plugged in again, a scanned code, nothing for other programs. */
export async function hidTrials(machine: Machine): Promise<Result[]> {
  const results: Result[] = [];
  await machine.qmp("device_add", { driver: "usb-kbd", id: "keypad", bus: "xhci.0", port: "1" });
  const listener = await listen(machine, "keypad");
  // Another program that has the device open: while the driver holds it, nothing may reach the other.
  await machine.shell(`cat /dev/input/by-id/usb-*-event-kbd > ${LEAK} 2>/dev/null & echo $! > ${LEAK}.pid`);

  const order = Array.from({ length: 20 }, (_, i) => String(((i * i * 5 + i * 3) % 4) + 1));
  for (const key of order) await type(machine, [key]);
  const presses = await listener.until((all) => pressed(all).length >= order.length, 30_000);
  const right = pressed(presses).join() === order.join();
  say(results, {
    name: "hid twenty keys",
    ok: right,
    detail: `${pressed(presses).length} of 20, order ${right ? "right" : pressed(presses).join("")}`,
  });
  const leaked = (await machine.shell(`stat -c %s ${LEAK}; kill $(cat ${LEAK}.pid)`)).output.trim();
  say(results, {
    name: "hid keys reach nobody else",
    ok: leaked === "0",
    detail: `${leaked} bytes read by another program`,
  });

  await machine.qmp("device_del", { id: "keypad" });
  const lost = await listener.until((all) => states(all).includes("HID_LOST"), 30_000);
  await listener.until((all) => states(all).includes("HID_OPEN"), 30_000);
  await machine.qmp("device_add", { driver: "usb-kbd", id: "keypad2", bus: "xhci.0", port: "1" });
  const back = await listener.until((all) => states(all).at(-1) === "ok", 60_000);
  const before = pressed(back).length;
  for (const key of ["4", "3", "2", "1"]) await type(machine, [key]);
  const again = await listener.until((all) => pressed(all).length >= before + 4, 30_000);
  const tail = pressed(again).slice(before).join();
  say(results, {
    name: "hid unplugged and plugged in again",
    ok: states(lost).includes("HID_LOST") && tail === "4,3,2,1",
    detail: `${states(again).join(" → ")}; presses ${tail}`,
  });
  await listener.stop();

  const reader = await listen(machine, "wedge");
  for (const keys of [["shift", "a"], ["b"], ["minus"], ["1"], ["2"], ["f5"], ["kp_3"], ["ret"]])
    await type(machine, keys);
  const scans = await reader.until((all) => codes(all).length > 0, 30_000);
  const scanned = JSON.stringify(codes(scans));
  say(results, { name: "hid wedge code", ok: scanned === '["Ab-123"]', detail: scanned });
  await reader.stop();
  await machine.qmp("device_del", { id: "keypad2" });
  return results;
}

/** One key chord. QEMU holds and releases it; the next one is sent when this one was. */
async function type(machine: Machine, keys: readonly string[]): Promise<void> {
  const holdMs = 60;
  await machine.qmp("send-key", { keys: keys.map((data) => ({ type: "qcode", data })), "hold-time": holdMs });
  await wait(holdMs * 2);
}

interface Listener {
  /** The findings once `enough` holds of them, or all there are when it does not in time. */
  until(enough: (all: Finding[]) => boolean, timeoutMs: number): Promise<Finding[]>;
  stop(): Promise<void>;
}

async function listen(machine: Machine, mode: "keypad" | "wedge"): Promise<Listener> {
  await machine.shell(
    `rm -f ${LOG} ${PID}; nohup /app/node /app/dist/scripts/hil/guest.js ${mode} ${PID} > ${LOG} 2>&1 &`,
  );
  const listener: Listener = {
    async until(enough, timeoutMs) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const all = findings((await machine.shell(`cat ${LOG}`)).output);
        if (enough(all) || Date.now() > deadline) return all;
        await wait(300);
      }
    },
    async stop() {
      await machine.shell(`kill $(cat ${PID})`);
      await listener.until((all) => all.some(({ kind }) => kind === "done"), 15_000);
    },
  };
  await listener.until((all) => states(all).includes("ok"), 90_000);
  return listener;
}

const states = (all: Finding[]): string[] => all.flatMap((f) => (f.kind === "state" ? [f.code ?? f.state] : []));
const pressed = (all: Finding[]): string[] =>
  all.flatMap((f) => (f.kind === "input" && f.input.kind === "press" ? [f.input.button] : []));
const codes = (all: Finding[]): string[] =>
  all.flatMap((f) => (f.kind === "input" && f.input.kind === "scan" ? [f.input.code] : []));
