// Compiles a library that is preloaded before libc.
import { spawnSync } from "node:child_process";
import { basename, join } from "node:path";
import { packageRoot } from "../../src/place.ts";
import { which } from "../../src/supervise/child.ts";

export const hasCompiler = which("gcc") !== undefined;

/**
 * Compiles into `folder`.
 * @param source relative to the project
 * @returns path of the library
 * @throws Error with what the compiler said
 */
export function buildPreloaded(source: string, folder: string): string {
  const library = join(folder, `${basename(source, ".c")}.so`);
  const args = ["-shared", "-fPIC", "-O2", "-Wall", "-o", library, join(packageRoot(), source), "-ldl"];
  const built = spawnSync("gcc", args, { encoding: "utf8" });
  if (built.status !== 0) throw new Error(`gcc: ${built.error?.message ?? built.stderr}`);
  return library;
}
