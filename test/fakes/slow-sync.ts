// The preloaded library that makes syncs slow and disks fail, and its switches.
import { buildPreloaded } from "./preloaded.ts";

/** Compiles it into `folder` and returns the library's path. */
export function buildSlowSync(folder: string): string {
  return buildPreloaded("test/fixtures/slow-sync.c", folder);
}

export interface SlowSync {
  /** Milliseconds added to every sync. */
  readonly ms?: number;
  /** Gets one byte at the start and one at the end of every sync. */
  readonly log?: string;
  /** Holds ENOSPC, EROFS, EIO, WRITE-EIO or READ-EIO while the disk is to fail; without the file it is well. */
  readonly fail?: string;
  /** The process is killed just before its nth sync or rename of a file whose name begins so. */
  readonly kill?: { readonly nth: number; readonly name: string };
}

/** Environment of a process that runs with the library. */
export function slowSyncEnv(library: string, { ms, log, fail, kill }: SlowSync): Record<string, string> {
  return {
    LD_PRELOAD: library,
    ...(ms === undefined ? {} : { SLOW_SYNC_MS: String(ms) }),
    ...(log === undefined ? {} : { SLOW_SYNC_LOG: log }),
    ...(fail === undefined ? {} : { SLOW_SYNC_FAIL: fail }),
    ...(kill === undefined ? {} : { SLOW_SYNC_KILL: `${kill.nth} ${kill.name}` }),
  };
}
