// `npm run bench`: runs every bench in a process of its own and prints one table of figures, aims and whether they are met.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPreloaded } from "../test/fakes/preloaded.ts";
import { buildSlowSync, slowSyncEnv } from "../test/fakes/slow-sync.ts";
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
  // called seldom; the young generation has its full size from the start instead of taking it by and by; and collections come
  // at the same frames in every run, with no threads of their own, so that where things lie is not left to chance.
  slope: [
    "--expose-gc",
    ...["--heap-growing-percent=50", "--max-semi-space-size=4"],
    ...["--no-lazy-feedback-allocation", "--no-flush-bytecode", "--min-semi-space-size=4"],
    "--predictable",
  ],
};

/** Of the environment, the same. */
const VARIABLES: Partial<Record<(typeof BENCHES)[number], () => Readonly<Record<string, string>>>> = {
  "loop-slow-disk": () => slowSyncEnv(buildSlowSync(folder), { ms: 300 }),
  // One arena as the service's unit has it; and what a thread keeps back for itself would count as given out.
  slope: () => ({
    MALLOC_ARENA_MAX: "1",
    GLIBC_TUNABLES: "glibc.malloc.tcache_count=0",
    LD_PRELOAD: buildPreloaded("bench/malloc-in-use.c", folder),
  }),
};

const given = process.argv.slice(2);
const firstOption = given.findIndex((word) => word.startsWith("--"));
const wanted = firstOption < 0 ? given : given.slice(0, firstOption);
/** For the bench itself, as in `npm run bench slope -- --leak 1`. */
const options = given.slice(wanted.length);
const unknown = wanted.find((name) => !BENCHES.some((bench) => bench === name));
if (unknown !== undefined) {
  console.error(`no bench "${unknown}"; there are ${BENCHES.join(", ")}`);
  process.exit(2);
}
if (options.length > 0 && wanted.length !== 1) {
  console.error("options are for one bench: name it");
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
  const child = fork(file, options, { env: { ...process.env, ...VARIABLES[bench]?.() }, execArgv: FLAGS[bench] ?? [] });
  const told: Figure[] = [];
  child.on("message", (figure) => told.push(figure as Figure));
  const [code] = (await once(child, "exit")) as [number | null];
  if (code === 0 && told.length > 0) return told;
  return [
    ...told,
    { name: `bench ${bench}`, ours: `ended with ${code}`, aim: "ends with 0 and tells a figure", met: false },
  ];
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
