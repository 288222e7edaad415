// A V4L2 camera of a real kernel: found, probed, watched, unplugged, ended with a lie, and frozen.
import { setTimeout as wait } from "node:timers/promises";
import type { Finding } from "./guest-rig.ts";
import type { Machine } from "./machine.ts";
import { findings, type Result, say } from "./trials.ts";

const DEVICE = "/dev/video0";
const PROGRAM = "/app/node /app/dist/src/cli/main.js camera";
const LOG = "/tmp/camera.ndjson";
const PID = "/tmp/camera.pid";
const DRIVER = "/sys/bus/platform/drivers/vivid";
/** Emulation is slow: what takes a second on a Pi takes many here. */
const LONG_MS = 120_000;

export async function cameraTrial(machine: Machine): Promise<Result[]> {
  const results: Result[] = [];
  const loaded = await machine.shell(
    `modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0 && udevadm settle && ls ${DEVICE}`,
  );
  say(results, { name: "camera device", ok: loaded.code === 0, detail: loaded.output.trim() });
  if (loaded.code !== 0) return results;

  const list = await machine.shell(`${PROGRAM} list`);
  say(results, {
    name: "camera list",
    ok: list.code === 0 && list.output.includes(DEVICE),
    detail: list.output.trim().replaceAll(/\s+/g, " "),
  });
  const probe = await machine.shell(`${PROGRAM} probe --device ${DEVICE} --seconds 10`, LONG_MS);
  say(results, {
    name: "camera probe",
    ok: probe.code === 0 && /frames\/s/.test(probe.output),
    detail: probe.output
      .split("\n")
      .filter((line) => /^ {2}(format YUYV|frame rate|light|sharpness)/.test(line))
      .map((line) => line.trim().replaceAll(/\s+/g, " "))
      .join("; "),
  });

  await machine.shell(
    `rm -f ${LOG} ${PID}; nohup /app/node /app/dist/scripts/hil/guest.js camera ${DEVICE} ${PID} > ${LOG} 2>&1 &`,
  );
  const open = await until(machine, (all) => frames(all) >= 4);
  say(results, { name: "camera frames", ok: frames(open) >= 4, detail: `${frames(open)} of ${sizes(open)}` });

  const unplug = `echo vivid.0 > ${DRIVER}/unbind`;
  const plug = `echo vivid.0 > ${DRIVER}/bind && udevadm settle`;
  await recovers("camera unplugged and plugged in again", unplug, /^CAMERA_(LOST|OPEN)$/, plug);
  await recovers(
    "camera driver fails, ffmpeg ends with 0",
    `v4l2-ctl -d ${DEVICE} -c inject_fatal_streaming_error=1`,
    /^CAMERA_LOST$/,
  );
  await recovers("camera ffmpeg frozen", "pkill -STOP ffmpeg", /^CAMERA_STALE$/);

  const end = await machine.shell(
    `kill $(cat ${PID}); while kill -0 $(cat ${PID}) 2>/dev/null; do sleep 0.2; done; pgrep ffmpeg`,
    LONG_MS,
  );
  say(results, { name: "camera leaves no child", ok: end.output.trim() === "", detail: end.output.trim() || "none" });
  return results;

  async function recovers(name: string, fault: string, code: RegExp, mend = "true"): Promise<void> {
    const before = (await read(machine)).length;
    const done = await machine.shell(fault);
    const lost = await until(machine, (all) => all.slice(before).some((one) => code.test(codeOf(one))));
    const fallen = lost.findIndex((one, i) => i >= before && code.test(codeOf(one)));
    await machine.shell(mend);
    const isBack = (all: Finding[]): boolean => fallen >= 0 && frames(all.slice(fallen)) >= 4;
    const back = await until(machine, isBack);
    const states = back.slice(before).map(codeOf).filter(Boolean);
    say(results, {
      name,
      ok: done.code === 0 && isBack(back),
      detail: `${states.join(" → ") || "no change"}; ${frames(back.slice(Math.max(0, fallen)))} frames after it`,
    });
  }
}

const frames = (all: readonly Finding[]): number => all.filter(({ kind }) => kind === "frame").length;
const sizes = (all: readonly Finding[]): string =>
  [...new Set(all.flatMap((one) => (one.kind === "frame" ? [one.size] : [])))].join(", ");
const codeOf = (one: Finding): string => (one.kind === "state" ? (one.code ?? one.state) : "");

async function read(machine: Machine): Promise<Finding[]> {
  return findings((await machine.shell(`cat ${LOG}`)).output);
}

/** The findings once `enough` holds of them, or all there are when it does not in time. */
async function until(machine: Machine, enough: (all: Finding[]) => boolean): Promise<Finding[]> {
  const deadline = Date.now() + LONG_MS;
  for (;;) {
    const all = await read(machine);
    if (enough(all) || Date.now() > deadline) return all;
    await wait(500);
  }
}
