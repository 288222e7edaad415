// Opens a model in the inference runtime and runs it: shapes checked before use, numbers checked after.
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { asFault, Fault } from "../../words/errors.ts";
import { tensorsOf } from "../decoders/decoder.ts";
import type { TensorSpec } from "../decoders/tensor.ts";
import { channelsOf } from "../input.ts";
import { type ModelEntry, readModelFile } from "./manifest.ts";

/** A model that is open. Not re-entrant: await one run before the next. */
export interface OpenModel<E extends ModelEntry = ModelEntry> {
  readonly entry: E;
  /** The input's values, in the layout and range of the entry's contract: fill it, then {@link run}. */
  readonly input: Float32Array;
  /**
   * One inference on what is in `input`. Blocks the thread it is called on while it works.
   * @returns the tensors of the entry's decoder, in its order
   * @throws Fault MODEL_INVALID when the model fails, MODEL_SHAPE when an output has another size than its decoder
   *   reads or than before, MODEL_OUTPUT when a number is not finite
   */
  run(): Promise<readonly Float32Array[]>;
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
  const { input: contract } = entry;
  const channels = channelsOf(contract);
  const { width, height } = contract;
  const dims = contract.layout === "nchw" ? [1, channels, height, width] : [1, height, width, channels];
  const specs = tensorsOf(entry);
  const problem = wrongInput(session, contract.name, dims) ?? wrongOutput(session, specs);
  if (problem !== undefined) {
    await session.release();
    throw new Fault("MODEL_SHAPE", `${entry.name}: ${problem}`, { model: entry.name });
  }
  const input = new Float32Array(channels * height * width);
  const feeds: Record<string, Tensor> = { [contract.name]: new runtime.Tensor("float32", input, dims) };
  const names = specs.map(({ name }) => name);
  const lengths: number[] = [];
  const infer = async (): Promise<InferenceSession.OnnxValueMapType> => {
    try {
      return await session.run(feeds, names);
    } catch (thrown) {
      throw asFault(thrown, "MODEL_INVALID", `${entry.name} cannot be run`);
    }
  };
  return {
    entry,
    input,
    async run() {
      const results = await infer();
      return specs.map((spec, i) => {
        const data = results[spec.name]?.data;
        if (
          !(data instanceof Float32Array) ||
          !sizeFits(data.length, spec) ||
          data.length !== (lengths[i] ?? data.length)
        )
          throw new Fault("MODEL_SHAPE", `${entry.name}: output "${spec.name}" is not what its decoder reads`, {
            model: entry.name,
          });
        lengths[i] = data.length;
        if (!allFinite(data))
          throw new Fault("MODEL_OUTPUT", `${entry.name} gave a number that is not finite`, { model: entry.name });
        return data;
      });
    },
    close: async () => await session.release(),
  };
}

/** By index: ten times as fast here as an iterator, and it runs on every frame. */
function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i += 1) if (!Number.isFinite(values[i])) return false;
  return true;
}

/** Whether this many numbers can be of the spec's shape. */
function sizeFits(length: number, { shape }: TensorSpec): boolean {
  const known = shape.reduce<number>((product, size) => product * (size ?? 1), 1);
  return shape.includes(undefined) ? length % known === 0 : length === known;
}

/** Compares what the file says of its input with the manifest; undefined when they agree. */
function wrongInput(session: InferenceSession, name: string, dims: readonly number[]): string | undefined {
  const given = session.inputMetadata;
  const input = given[0];
  if (input === undefined || given.length !== 1) return `it has ${given.length} inputs, not one`;
  if (input.name !== name) return `its input is called "${input.name}", not "${name}"`;
  if (!input.isTensor || input.type !== "float32") return "its input is not a float32 tensor";
  if (!shapeFits(input.shape, dims)) return `its input is ${input.shape.join("×")}, not ${dims.join("×")}`;
  return undefined;
}

/** Compares what the file says of its outputs with what the decoder reads; undefined when they agree. */
function wrongOutput(session: InferenceSession, specs: readonly TensorSpec[]): string | undefined {
  for (const { name, shape } of specs) {
    const result = session.outputMetadata.find((candidate) => candidate.name === name);
    if (result === undefined) return `it has no output "${name}"`;
    if (!result.isTensor || result.type !== "float32") return `its output "${name}" is not a float32 tensor`;
    // A file may leave the batch out, or say nothing of its outputs; then the numbers are counted after the first run.
    const leading = Array<number>(Math.max(0, result.shape.length - shape.length)).fill(1);
    if (result.shape.length > 0 && !shapeFits(result.shape, [...leading, ...shape]))
      return `its output "${name}" is ${result.shape.join("×")}, not ${shape.map((size) => size ?? "N").join("×")}`;
  }
  return undefined;
}

/** A named dimension (for instance the batch) takes any size, and so does one that the decoder leaves open. */
function shapeFits(shape: readonly (number | string)[], dims: readonly (number | undefined)[]): boolean {
  return (
    shape.length === dims.length &&
    shape.every((size, i) => typeof size === "string" || size < 0 || dims[i] === undefined || size === dims[i])
  );
}
