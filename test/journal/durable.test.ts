// Small files are written whole or not at all: temporary file, sync, rename, sync of the folder, in this order.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, it } from "vitest";
import { hasCompiler } from "../fakes/preloaded.ts";
import { buildSlowSync, slowSyncEnv } from "../fakes/slow-sync.ts";
import { freshFile } from "./rig.ts";

const DURABLE = new URL("../../dist/src/durable.js", import.meta.url).href;

/** Runs `code` with `writeDurably` in a process of its own; the calls it made, in order. */
function calls(file: string, code: string): string[] {
  const folder = dirname(dirname(file));
  mkdirSync(dirname(file), { recursive: true });
  const log = join(folder, "calls");
  const env = { ...process.env, ...slowSyncEnv(buildSlowSync(folder), {}), SLOW_SYNC_CALLS: log, FILE: file };
  const program = `import { writeDurably } from "${DURABLE}"; const file = process.env.FILE; ${code}`;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", program], { env, encoding: "utf8" });
  expect(run.stderr).toBe("");
  return existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
}

it.skipIf(!hasCompiler)("writes, syncs, renames, syncs the folder (needs gcc)", () => {
  const file = freshFile();
  const made = calls(file, `writeDurably(file, "first"); writeDurably(file, "second");`);
  const once = [
    expect.stringMatching(/^sync journal\.db\.\d+\.new$/),
    `rename ${basename(file)}`,
    `sync ${basename(dirname(file))}`,
  ];
  expect(made).toEqual([...once, ...once]);
  expect(readFileSync(file, "utf8")).toBe("second");
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it.skipIf(!hasCompiler)(
  "never takes a name that is taken where it must not, and leaves nothing behind (needs gcc)",
  () => {
    const file = freshFile();
    const made = calls(
      file,
      `writeDurably(file, "first", false);
     try { writeDurably(file, "second", false); } catch (thrown) { if (thrown.code !== "EEXIST") throw thrown; }`,
    );
    expect(made).toEqual([
      expect.stringMatching(/^sync /),
      `link ${basename(file)}`,
      `sync ${basename(dirname(file))}`,
      expect.stringMatching(/^sync /),
    ]);
    expect(readFileSync(file, "utf8")).toBe("first");
    expect(spawnSync("ls", [dirname(file)], { encoding: "utf8" }).stdout.trim()).toBe(basename(file));
  },
);
