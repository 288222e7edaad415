// What the agent that runs on this device has open at this moment: files it may write, and whom it speaks to.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import { type Finding, ok, skipped, warn } from "../doctor/finding.ts";

/** A file of which a process has a descriptor that it may write to. */
export interface OpenFile {
  readonly pid: number;
  readonly path: string;
}

/** Regular files below no system folder, open for writing in a process and its children. */
export function writableFiles(pids: readonly number[], proc = "/proc"): OpenFile[] {
  return pids.flatMap((pid) =>
    names(`${proc}/${pid}/fd`).flatMap((fd) => {
      const path = attempt(() => readlinkSync(`${proc}/${pid}/fd/${fd}`)) ?? "";
      const flags = attempt(() => /^flags:\s+(\d+)$/m.exec(readFileSync(`${proc}/${pid}/fdinfo/${fd}`, "utf8"))?.[1]);
      const writes = (Number.parseInt(flags ?? "0", 8) & 3) !== 0;
      // Pipes, sockets and anonymous things have no path; devices hold no file.
      return writes && path.startsWith("/") && !/^\/(dev|proc|sys)\//.test(path) ? [{ pid, path }] : [];
    }),
  );
}

/** A process and all that descend from it. */
export function familyOf(pid: number, proc = "/proc"): number[] {
  const parents = names(proc)
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), stat: attempt(() => readFileSync(`${proc}/${name}/stat`, "utf8")) ?? "" }))
    // The name in brackets may hold anything, also brackets; the parent is the second word after it.
    .map(({ pid: child, stat }) => ({ child, parent: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) }));
  const family = [pid];
  for (const one of family) family.push(...parents.filter(({ parent }) => parent === one).map(({ child }) => child));
  return family;
}

/**
 * Judges the running agent by what it has open.
 * @param pids of the agent and its children; none where it does not run
 * @param dataDir folder of the journal: the only one that the agent writes in
 */
export function judgeLive(pids: readonly number[], open: readonly OpenFile[], dataDir: string): Finding {
  const name = "the running agent";
  if (pids.length === 0) return skipped(name, "does not run, or belongs to another user: run this as root");
  const strange = open.filter(
    ({ path }) => dirname(path) !== dataDir || !/^(journal|metrics)\.db/.test(basename(path)),
  );
  if (strange.length > 0)
    return warn(
      name,
      `has open for writing: ${[...new Set(strange.map(({ path }) => path))].join(", ")}`,
      "Its log may be one of them; nothing else should be.",
    );
  return ok(name, `and its children (${pids.length} processes) may write to journal and metrics only, ${dataDir}`);
}

function names(folder: string): string[] {
  return attempt(() => readdirSync(folder)) ?? [];
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
