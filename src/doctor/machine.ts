// What the doctor may ask of the machine: files, devices, programs. Thin; whatever judges the answers is elsewhere.
import { execFile } from "node:child_process";
import {
  accessSync,
  constants,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statfsSync,
  statSync,
} from "node:fs";
import { which } from "../supervise/child.ts";

export interface Ran {
  /** Exit status; null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Place {
  readonly kind: "file" | "folder" | "device" | "other";
  readonly readable: boolean;
  readonly writable: boolean;
  /** Permission bits. */
  readonly mode: number;
}

export interface Holder {
  readonly pid: number;
  readonly command: string;
}

export interface Machine {
  /** Text of a file; undefined where it is not there or may not be read. */
  readonly text: (path: string) => string | undefined;
  /** Names in a folder; none where it is not there. */
  readonly names: (folder: string) => readonly string[];
  /** What lies at a path, links followed, and what this user may do with it. */
  readonly place: (path: string) => Place | undefined;
  /** Bytes free for this user and in all on the disk of a folder. */
  readonly space: (folder: string) => { readonly freeBytes: number; readonly totalBytes: number } | undefined;
  /** Other processes that have this file open, as far as this user may see. */
  readonly holders: (path: string) => readonly Holder[];
  /** Runs a program to its end; undefined where it is not installed. */
  readonly run: (program: string, args: readonly string[], signal: AbortSignal) => Promise<Ran | undefined>;
}

/** The machine this program runs on. */
export const thisMachine: Machine = {
  text: (path) => attempt(() => readFileSync(path, "utf8")),
  names: (folder) => attempt(() => readdirSync(folder)) ?? [],
  place: (path) =>
    attempt(() => {
      const stat = statSync(path);
      const kind = stat.isFile()
        ? "file"
        : stat.isDirectory()
          ? "folder"
          : stat.isCharacterDevice()
            ? "device"
            : "other";
      const may = (wish: number): boolean => attempt(() => accessSync(path, wish) ?? true) === true;
      return { kind, readable: may(constants.R_OK), writable: may(constants.W_OK), mode: stat.mode & 0o777 };
    }),
  space: (folder) =>
    attempt(() => {
      const { bavail, blocks, bsize } = statfsSync(folder);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    }),
  holders: (path) => {
    const target = attempt(() => realpathSync(path));
    if (target === undefined) return [];
    return (attempt(() => readdirSync("/proc")) ?? [])
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((pid) =>
        (attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? []).some(
          (fd) => attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) === target,
        ),
      )
      .map((pid) => ({
        pid: Number(pid),
        command: (attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")) ?? "").replaceAll("\0", " ").trim(),
      }));
  },
  run: async (program, args, signal) => {
    const file = which(program);
    if (file === undefined) return undefined;
    return await new Promise<Ran>((resolve) => {
      execFile(
        file,
        args,
        { signal, maxBuffer: 1_048_576, env: { ...process.env, LC_ALL: "C" } },
        (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : null, stdout, stderr }),
      );
    });
  },
};

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
