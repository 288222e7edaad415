// The library that bench slope preloads counts what is given out, and no longer what was given back.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildPreloaded, hasCompiler } from "../fakes/preloaded.ts";

const MB = 1_048_576;
/** Takes 10 MB outside the engine's heap, lets them go, and prints by how many each step changed what is told. */
const SCRIPT = `
  const told = () => (gc(), gc(), process.resourceUsage().unsharedDataSize);
  const [before, buffers] = [told(), Array.from({ length: 10 }, () => Buffer.alloc(${MB}))];
  const between = told();
  buffers.length = 0;
  console.log(between - before, told() - between);
`;

test.skipIf(!hasCompiler)("ten buffers count while they are held", () => {
  const folder = mkdtempSync(join(tmpdir(), "touchpoint-malloc-"));
  try {
    const library = buildPreloaded("bench/malloc-in-use.c", folder);
    const printed = execFileSync(process.execPath, ["--expose-gc", "-e", SCRIPT], {
      env: { ...process.env, LD_PRELOAD: library },
      encoding: "utf8",
    });
    const [taken = 0, given = 0] = printed.split(" ").map(Number);
    expect(taken / MB).toBeCloseTo(10, 0);
    expect(given / MB).toBeCloseTo(-10, 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
