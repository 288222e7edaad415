// A small disk of its own: an ext4 file system on a loop device, mounted for one trial, that can be filled and broken.
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";

export interface Volume {
  /** Where it is mounted. */
  readonly path: string;
  /** Takes what is free now. @throws Error where much is still free afterwards */
  fill(): void;
  /** Removes what `fill` wrote. */
  empty(): void;
  freeBytes(): number;
  /** What the kernel does when it meets an error it cannot live with: from now on the file system is read-only. */
  abort(): void;
  /** Takes it away from whoever uses it, checks it as at a boot, and mounts it again. */
  reboot(): void;
  remove(): void;
}

/** A full disk may still have so much, besides what the agent gave back: ends of extents. */
const LEFT_BYTES = 9_437_184;

/** Why no disk can be mounted here, or undefined. Tries it once. */
export function volumesLack(): string | undefined {
  if (process.getuid?.() !== 0) return "mounting a disk needs root";
  const missing = ["mkfs.ext4", "e2fsck", "mount", "losetup", "fallocate"].find(
    (name) => run("which", [name]) !== undefined,
  );
  if (missing !== undefined) return `${missing} is not installed`;
  return run("losetup", ["--find"]) === undefined ? undefined : "there is no free loop device";
}

/** Makes and mounts a disk below `folder`. @param mebibytes its size, 16 or more */
export function createVolume(folder: string, mebibytes: number): Volume {
  const image = join(folder, "disk.img");
  const path = join(folder, "disk");
  const ballast = join(path, "ballast");
  mkdirSync(path, { recursive: true });
  closeSync(openSync(image, "w"));
  truncateSync(image, mebibytes * 1_048_576);
  // Blocks of 4 KiB, as on every card: with smaller ones a full disk has no room for what SQLite maps into memory.
  must("mkfs.ext4", ["-q", "-b", "4096", "-m", "0", image]);
  const mount = (): void => must("mount", ["-o", "loop,errors=remount-ro", image, path]);
  mount();
  const volume: Volume = {
    path,
    fill() {
      // At one stroke: written bit by bit it would also take what the agent gives back to the disk meanwhile. It may
      // fail, because the file system needs some blocks for itself, and has taken all there was nevertheless.
      run("fallocate", ["--length", `${sizeOf(ballast) + volume.freeBytes()}`, ballast]);
      const left = volume.freeBytes();
      if (left > LEFT_BYTES) throw new Error(`${left} bytes are still free on the disk that was filled`);
    },
    empty: () => rmSync(ballast, { force: true }),
    freeBytes() {
      const { bavail, bsize } = statfsSync(path);
      return bavail * bsize;
    },
    abort: () => must("mount", ["-o", "remount,abort", path]),
    reboot() {
      must("umount", ["-l", path]);
      // It answers 1 for a file system that it mended.
      const checked = spawnSync("e2fsck", ["-p", image], { encoding: "utf8" });
      if ((checked.status ?? 8) > 1) throw new Error(`e2fsck: ${checked.stdout}${checked.stderr}`);
      mount();
    },
    remove() {
      run("umount", ["-l", path]);
    },
  };
  return volume;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Runs a program; why it failed, or undefined. */
function run(program: string, args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

function must(program: string, args: readonly string[]): void {
  const failed = run(program, args);
  if (failed !== undefined) throw new Error(`${program} ${args.join(" ")}: ${failed}`);
}
