// Opens a model in the inference runtime and runs it: shapes checked before use, numbers checked after.
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { asFault, Fault } from "../../words/errors.ts";
import { type ModelEntry, readModelFile } from "./manifest.ts";

/** A model that is open. Not re-entrant: await one run before the next. */
export interface OpenModel<E extends ModelEntry = ModelEntry> {
  readonly entry: E;
  /**
   * The input's values, `channels × height × width` planes, 0..255: fill it, then {@link run}.
   */
  readonly input: Float32Array;
  /**
   * One inference on what is in `input`. Blocks the thread it is called on while it works.
   * @throws Fault MODEL_OUTPUT when a number is not finite, MODEL_SHAPE when the output has another size than before
   */
  run(): Promise<Float32Array>;
  close(): Promise<void>;
}

type Runtime = typeof import("onnxruntime-node");

/**
 * Loads the inference runtime, only when it is asked for: on a processor without one, buttons still work.
 * @throws Fault VISION_UNSUPPORTED
 */
export async function loadRuntime(): Promise<Runtime> {
  try {
    const loaded = (await import("onnxruntime-node")) as Runtime & { default?: Runtime };
    return loaded.default ?? loaded;
  } catch (thrown) {
    throw new Fault(
      "VISION_UNSUPPORTED",
      `no inference runtime for ${process.platform} ${process.arch}`,
      { arch: process.arch },
      thrown,
    );
  }
}

/**
 * Opens a model of the folder after proving its file.
 * @param threads processor threads for one inference
 * @throws Fault VISION_UNSUPPORTED, MODEL_MISSING, MODEL_HASH, MODEL_INVALID or MODEL_SHAPE
 */
export async function openModel<E extends ModelEntry>(
  modelsDir: string,
  entry: E,
  threads: number,
): Promise<OpenModel<E>> {
  return await openModelBytes(readModelFile(modelsDir, entry), entry, threads);
}

/** As {@link openModel}, from bytes already at hand. */
export async function openModelBytes<E extends ModelEntry>(
  bytes: Uint8Array,
  entry: E,
  threads: number,
): Promise<OpenModel<E>> {
  const runtime = await loadRuntime();
  let session: InferenceSession;
  try {
    session = await runtime.InferenceSession.create(bytes, {
      executionProviders: ["cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Fatal only: whatever goes wrong comes back as an exception, and is reported once, by us.
      logSeverityLevel: 4,
    });
  } catch (thrown) {
    throw asFault(thrown, "MODEL_INVALID", `${entry.name} cannot be loaded`);
  }
  const { input: contract, output } = entry;
  const planes = contract.channels === "gray" ? 1 : 3;
  const dims = [1, planes, contract.height, contract.width];
  const problem = mismatch(session, contract.name, dims, output.name, entry);
  if (problem !== undefined) {
    await session.release();
    throw new Fault("MODEL_SHAPE", `${entry.name}: ${problem}`, { model: entry.name });
  }
  const input = new Float32Array(planes * contract.height * contract.width);
  const feeds: Record<string, Tensor> = { [contract.name]: new runtime.Tensor("float32", input, dims) };
  let length: number | undefined;
  return {
    entry,
    input,
    async run() {
      const results = await session.run(feeds);
      const data = results[output.name]?.data;
      if (!(data instanceof Float32Array) || !sizeFits(data.length, entry) || (length ?? data.length) !== data.length)
        throw new Fault("MODEL_SHAPE", `${entry.name}: the output is not what its decoder reads`, {
          model: entry.name,
        });
      length = data.length;
      if (!allFinite(data))
        throw new Fault("MODEL_OUTPUT", `${entry.name} gave a number that is not finite`, { model: entry.name });
      return data;
    },
    close: async () => await session.release(),
  };
}

/** By index: ten times as fast here as an iterator, and it runs on every frame. */
function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i += 1) if (!Number.isFinite(values[i])) return false;
  return true;
}

/** Whether an output of this many numbers can be read by the entry's decoder. */
function sizeFits(length: number, entry: ModelEntry): boolean {
  switch (entry.output.decoder) {
    case "boxes5":
      return length % 5 === 0;
    case "softmax8":
      return length === 8;
  }
}

/** Compares what the file says of itself with the manifest; undefined when they agree. */
function mismatch(
  session: InferenceSession,
  inputName: string,
  dims: readonly number[],
  outputName: string,
  entry: ModelEntry,
): string | undefined {
  const given = session.inputMetadata;
  const input = given[0];
  if (input === undefined || given.length !== 1) return `it has ${given.length} inputs, not one`;
  if (input.name !== inputName) return `its input is called "${input.name}", not "${inputName}"`;
  if (!input.isTensor || input.type !== "float32") return "its input is not a float32 tensor";
  if (!shapeFits(input.shape, dims)) return `its input is ${input.shape.join("×")}, not ${dims.join("×")}`;
  const result = session.outputMetadata.find((candidate) => candidate.name === outputName);
  if (result === undefined) return `it has no output "${outputName}"`;
  if (!result.isTensor || result.type !== "float32") return "its output is not a float32 tensor";
  const last = result.shape.at(-1);
  const wanted = entry.output.decoder === "boxes5" ? 5 : 8;
  if (typeof last === "number" && last !== wanted) return `its output ends in ${last} numbers, not ${wanted}`;
  return undefined;
}

/** A named dimension (for instance the batch) takes any size. */
function shapeFits(shape: readonly (number | string)[], dims: readonly number[]): boolean {
  return (
    shape.length === dims.length && shape.every((size, i) => typeof size === "string" || size < 0 || size === dims[i])
  );
}
