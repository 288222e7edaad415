// One emulated machine: started from the image, commanded through a root shell on a virtio port and through QMP.
import { type ChildProcess, execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { openSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { endChild, startChild } from "../../src/supervise/child.ts";
import type { Image } from "./image.ts";

export interface Machine {
  /** Runs a shell command as root in the guest; rejects when it does not end in time. */
  shell(command: string, timeoutMs?: number): Promise<{ code: number; output: string }>;
  /** Sends one QMP command. @throws when QEMU answers with an error */
  qmp(execute: string, args?: Record<string, unknown>): Promise<unknown>;
  stop(): Promise<void>;
}

export interface MachineSettings {
  /** Where sockets, the disk's changes and the console's log go. */
  readonly folder: string;
  readonly image: Image;
  /** An ext4 image that the guest mounts at /app. */
  readonly app: string;
  /** QEMU accelerator; plain emulation works everywhere. */
  readonly accelerator?: string;
}

const BOOT_MS = 240_000;

/** Starts the machine and waits until its shell answers. @throws with the end of its console when it does not */
export async function startMachine(settings: MachineSettings): Promise<Machine> {
  const { folder } = settings;
  const disk = join(folder, "disk.qcow2");
  const sockets = { control: join(folder, "control.sock"), qmp: join(folder, "qmp.sock") };
  const consoleLog = join(folder, "console.log");
  for (const file of [disk, sockets.control, sockets.qmp, consoleLog]) rmSync(file, { force: true });
  execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", settings.image.root, "-F", "raw", disk]);
  const log = openSync(join(folder, "qemu.log"), "w");
  const child = startChild("qemu-system-x86_64", qemuArgs(settings, disk, sockets, consoleLog), {
    stdio: ["ignore", log, log],
  });
  const machine = commands(child, sockets);
  const deadline = Date.now() + BOOT_MS;
  for (;;) {
    try {
      await machine.shell("true", 3_000);
      return machine;
    } catch (thrown) {
      if (child.exitCode === null && Date.now() < deadline) {
        await wait(200);
        continue;
      }
      await machine.stop();
      const tail = `${readText(join(folder, "qemu.log"))}\n${readText(consoleLog)}`.slice(-2_000);
      throw new Error(`the guest did not come up: ${String(thrown)}\n${tail}`);
    }
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function qemuArgs(
  settings: MachineSettings,
  disk: string,
  sockets: { control: string; qmp: string },
  consoleLog: string,
): string[] {
  const { image, app } = settings;
  const accelerator = settings.accelerator ?? "tcg,thread=multi,tb-size=512";
  return [
    ...["-machine", "q35", "-accel", accelerator, "-cpu", accelerator.startsWith("tcg") ? "max" : "host"],
    ...["-smp", "2", "-m", "1024", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-kernel", image.kernel, "-initrd", image.initrd],
    ...["-append", "console=ttyS0 root=/dev/vda quiet loglevel=4 mitigations=off audit=0 panic=-1"],
    ...["-drive", `if=none,id=root,file=${disk},format=qcow2,cache=unsafe`, "-device", "virtio-blk-pci,drive=root"],
    ...["-drive", `if=none,id=app,file=${app},format=raw,readonly=on`, "-device", "virtio-blk-pci,drive=app"],
    ...["-chardev", `file,id=console,path=${consoleLog}`, "-serial", "chardev:console"],
    ...["-device", "virtio-serial-pci", "-chardev", `socket,id=control,path=${sockets.control},server=on,wait=off`],
    ...["-device", "virtserialport,chardev=control,name=hil.ctl"],
    ...["-device", "qemu-xhci,id=xhci", "-object", "rng-random,filename=/dev/urandom,id=rng"],
    ...["-device", "virtio-rng-pci,rng=rng", "-qmp", `unix:${sockets.qmp},server=on,wait=off`],
  ];
}

function commands(child: ChildProcess, sockets: { control: string; qmp: string }): Machine {
  let control: Socket | undefined;
  let received = "";
  let arrived: () => void = () => undefined;

  const open = async (): Promise<Socket> => {
    if (control !== undefined && !control.destroyed) return control;
    const socket = await connected(sockets.control);
    socket.setEncoding("utf8").on("data", (text: string) => {
      received += text;
      arrived();
    });
    control = socket;
    return socket;
  };

  return {
    async shell(command, timeoutMs = 120_000) {
      const socket = await open();
      const tag = randomUUID();
      received = "";
      const mark = new RegExp(`\\n@@${tag}:(\\d+)@@`);
      const answer = new Promise<{ code: number; output: string }>((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new Error(`no answer in ${timeoutMs} ms to: ${command}\n${received.slice(-1_000)}`));
        }, timeoutMs);
        arrived = () => {
          const end = mark.exec(received);
          if (end === null) return;
          clearTimeout(timer);
          resolve({ code: Number(end[1]), output: received.slice(0, end.index).replaceAll("\r", "") });
        };
      });
      socket.write(`{ ${command}\n} 2>&1 </dev/null; printf '\\n@@%s:%d@@\\n' ${tag} $?\n`);
      return answer;
    },
    qmp: (execute, args = {}) => oneQmpCommand(sockets.qmp, execute, args),
    async stop() {
      control?.destroy();
      await endChild(child);
    },
  };
}

async function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", () => resolve());
    socket.once("error", reject);
  });
  socket.on("error", () => socket.destroy());
  return socket;
}

interface QmpMessage {
  readonly QMP?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly desc?: string };
}

async function oneQmpCommand(path: string, execute: string, args: Record<string, unknown>): Promise<unknown> {
  const socket = await connected(path);
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`QMP ${execute} did not answer`)), 15_000);
      let text = "";
      let negotiated = false;
      socket.setEncoding("utf8").on("data", (part: string) => {
        text += part;
        for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
          const message = JSON.parse(text.slice(0, end)) as QmpMessage;
          text = text.slice(end + 1);
          if (message.QMP !== undefined) socket.write(`${JSON.stringify({ execute: "qmp_capabilities" })}\n`);
          if (message.error !== undefined) reject(new Error(`QMP ${execute}: ${message.error.desc ?? "refused"}`));
          if (!("return" in message)) continue;
          if (negotiated) {
            clearTimeout(timer);
            resolve(message.return);
          } else {
            negotiated = true;
            socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
          }
        }
      });
    });
  } finally {
    socket.destroy();
  }
}
