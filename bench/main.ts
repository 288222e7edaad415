// `npm run bench`: runs every bench in a process of its own and prints one table of figures, aims and whether they are met.
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../src/place.ts";
import { which } from "../src/supervise/child.ts";
import type { Figure } from "./figure.ts";

const BENCHES = [
  "journal",
  "uplink",
  "drain",
  "vision",
  "rest",
  "slope",
  "loop",
  "loop-slow-disk",
  "start",
  "rollups",
  "engine",
] as const;

/** Of Node, where a bench needs any. */
const FLAGS: Partial<Record<(typeof BENCHES)[number], string[]>> = {
  journal: ["--expose-gc"],
  // As bin/touchpoint has them; compilers take their memory at the first call, and do not throw away and make anew what is
  // called seldom; and the young generation has its full size from the start instead of taking it by and by.
  slope: [
    "--expose-gc",
    ...["--heap-growing-percent=50", "--max-semi-space-size=4"],
    ...["--no-lazy-feedback-allocation", "--no-flush-bytecode", "--min-semi-space-size=4"],
  ],
};

/** Of the environment, the same. */
const VARIABLES: Partial<Record<(typeof BENCHES)[number], () => Readonly<Record<string, string>>>> = {
  "loop-slow-disk": () => ({ LD_PRELOAD: slowSync(), SLOW_SYNC_MS: "300" }),
  // As the service's unit has it.
  slope: () => ({ MALLOC_ARENA_MAX: "1" }),
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !BENCHES.some((bench) => bench === name));
if (unknown !== undefined) {
  console.error(`no bench "${unknown}"; there are ${BENCHES.join(", ")}`);
  process.exit(2);
}
const figures: Figure[] = [];
const folder = mkdtempSync(join(tmpdir(), "touchpoint-bench-"));
try {
  for (const bench of BENCHES.filter((name) => wanted.length === 0 || wanted.includes(name))) {
    console.log(`\n— ${bench}`);
    figures.push(...(await run(bench)));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(
  `\nNode ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB\n`,
);
console.log(table(figures));
process.exitCode = figures.every(({ met }) => met) && figures.length > 0 ? 0 : 1;

async function run(bench: (typeof BENCHES)[number]): Promise<Figure[]> {
  const file = fileURLToPath(new URL(`./${bench === "loop-slow-disk" ? "loop" : bench}.js`, import.meta.url));
  const child = fork(file, { env: { ...process.env, ...VARIABLES[bench]?.() }, execArgv: FLAGS[bench] ?? [] });
  const told: Figure[] = [];
  child.on("message", (figure) => told.push(figure as Figure));
  const [code] = (await once(child, "exit")) as [number | null];
  if (code === 0 && told.length > 0) return told;
  return [
    ...told,
    { name: `bench ${bench}`, ours: `ended with ${code}`, aim: "ends with 0 and tells a figure", met: false },
  ];
}

/** The shim that makes syncs slow, compiled here. */
function slowSync(): string {
  const compiler = which("gcc") ?? which("cc");
  if (compiler === undefined) throw new Error("a C compiler is needed for the slow disk");
  const shim = join(folder, "slow-sync.so");
  const source = join(packageRoot(), "test", "fixtures", "slow-sync.c");
  execFileSync(compiler, ["-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"]);
  return shim;
}

function table(rows: readonly Figure[]): string {
  const lines = rows.map(({ name, ours, bare, ratio, aim, met }) =>
    [name, ours, bare ?? "–", ratio === undefined ? "–" : ratio.toFixed(2), aim, met ? "yes" : "**no**"].join(" | "),
  );
  return [
    "| name | ours | bare | ratio | aim | met |",
    "|---|---|---|---|---|---|",
    ...lines.map((line) => `| ${line} |`),
  ].join("\n");
}
