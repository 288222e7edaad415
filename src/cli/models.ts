// `touchpoint models …`: what is installed, whether it is whole, and how fast it is on this machine.
import type { Command } from "commander";
import { type ModelEntry, readManifest, readModelFile } from "../vision/models/manifest.ts";
import { openModel } from "../vision/models/runtime.ts";
import { selfTest } from "../vision/models/self-test.ts";
import { asFault, type Fault } from "../words/errors.ts";
import { offers, pullModels } from "./models-pull.ts";
import { CONFIG_OPTION } from "./outcome.ts";
import { MODELS_DIR_OPTION, type ModelChoice, type Sight, sayFault, sightOf } from "./sight.ts";

interface Options extends Pick<ModelChoice, "modelsDir"> {
  readonly config: string;
  readonly json?: boolean;
  readonly seconds?: string;
  readonly from?: string;
}

/** Adds `models` and its verbs. */
export function registerModels(program: Command): void {
  const group = program.command("models").description("the detection models on this device");
  const begin = (name: string, description: string): Command =>
    group
      .command(name)
      .description(description)
      .option(...CONFIG_OPTION)
      .option(...MODELS_DIR_OPTION)
      .option("--json", "machine-readable");
  const verb = (name: string, description: string, act: (sight: Sight, options: Options) => Promise<void>): Command =>
    begin(name, description).action(async (options: Options) => {
      try {
        await act(sightOf(options.config, options), options);
      } catch (thrown) {
        sayFault(thrown);
      }
    });
  verb("list", "every model of the manifest and whether its file is here", list);
  verb("verify", "hash, shapes and a test inference of every model", verify);
  verb("bench", "milliseconds per inference on this machine", bench).option(
    "--seconds <n>",
    "time spent on each model",
    "2",
  );
  begin("pull", "install other people's models, or list those known; a name, a licence, a proved file")
    .argument("[names...]", "models to install")
    .option("--from <place>", "a folder or stick that has the files, or the address of one; else their authors' own")
    .action(async (names: string[], options: Options) => {
      try {
        if (names.length === 0) listOffers(options);
        else await pull(sightOf(options.config, options), options, names);
      } catch (thrown) {
        sayFault(thrown);
      }
    });
}

function listOffers({ json }: Options): void {
  for (const { name, task, licence, source, note } of offers())
    console.log(
      json === true
        ? JSON.stringify({ name, task, licence, source, note })
        : `${name.padEnd(22)}  ${task.padEnd(10)}  ${licence.padEnd(12)}  ${source.repository}\n    ${note}`,
    );
}

async function pull({ modelsDir }: Sight, { json, from }: Options, names: readonly string[]): Promise<void> {
  await pullModels(names, { modelsDir, from }, (pulled) => {
    const { name, licence, source, note } = pulled;
    console.log(
      json === true
        ? JSON.stringify(pulled)
        : `${name}  installed in ${modelsDir}; licence ${licence}, ${source}\n    ${note}`,
    );
  });
}

async function list(sight: Sight, options: Options): Promise<void> {
  const rows = readManifest(sight.modelsDir).models.map((entry) => {
    const { name, task, bytes, licence, input } = entry;
    const problem = problemOf(() => readModelFile(sight.modelsDir, entry));
    const used = [...Object.values(sight.names), sight.config?.local.vision.demographics].includes(name);
    return { name, task, bytes, licence, input: `${input.width}×${input.height} ${input.channels}`, used, problem };
  });
  if (options.json === true) console.log(JSON.stringify(rows.map(({ problem, ...row }) => ({ ...row, ok: !problem }))));
  else
    for (const { name, task, bytes, licence, input, used, problem } of rows)
      console.log(
        [
          used ? "*" : " ",
          name.padEnd(22),
          task.padEnd(12),
          input.padEnd(14),
          `${Math.round(bytes / 1024)} KiB`,
          licence,
        ]
          .concat(problem === undefined ? "ok" : problem.code)
          .join("  "),
      );
}

async function verify(sight: Sight, options: Options): Promise<void> {
  const manifest = readManifest(sight.modelsDir);
  const results: { name: string; ok: boolean; error?: ReturnType<Fault["toJSON"]> }[] = [];
  for (const entry of manifest.models) {
    try {
      await selfTest(sight.modelsDir, entry);
      results.push({ name: entry.name, ok: true });
    } catch (thrown) {
      results.push({ name: entry.name, ok: false, error: asFault(thrown, "MODEL_INVALID").toJSON() });
    }
  }
  if (options.json === true) console.log(JSON.stringify(results));
  else
    for (const { name, error } of results)
      console.log(
        error === undefined
          ? `${name}  ok: hash, shapes, test inference`
          : `${name}  ${error.code}: ${error.message}\n  ${error.hint}`,
      );
  if (results.some(({ ok }) => !ok)) process.exitCode = 1;
}

async function bench(sight: Sight, options: Options): Promise<void> {
  const seconds = Number(options.seconds ?? "2");
  const rows = [];
  for (const entry of readManifest(sight.modelsDir).models) {
    const times = await timeModel(sight, entry, seconds * 1000);
    rows.push({ name: entry.name, runs: times.length, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) });
  }
  if (options.json === true) console.log(JSON.stringify(rows));
  else
    for (const { name, runs, p50Ms, p99Ms } of rows)
      console.log(`${name.padEnd(22)}  p50 ${p50Ms.toFixed(2)} ms  p99 ${p99Ms.toFixed(2)} ms  (${runs} runs)`);
}

async function timeModel(sight: Sight, entry: ModelEntry, budgetMs: number): Promise<number[]> {
  const model = await openModel(sight.modelsDir, entry, sight.threads);
  try {
    await model.run();
    const times: number[] = [];
    const end = performance.now() + budgetMs;
    while (times.length === 0 || performance.now() < end) {
      const start = performance.now();
      await model.run();
      times.push(performance.now() - start);
    }
    return times.toSorted((a, b) => a - b);
  } finally {
    await model.close();
  }
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

function problemOf(act: () => unknown): Fault | undefined {
  try {
    act();
    return undefined;
  } catch (thrown) {
    return asFault(thrown, "MODEL_INVALID");
  }
}
