// The way from a manifest entry to its decoder: which tensors it reads, and what they mean.
import type { ClassifierEntry, DetectorEntry, ModelEntry } from "../models/manifest.ts";
import { boxes5Tensors, decodeBoxes5 } from "./boxes5.ts";
import { calibrated } from "./calibration.ts";
import { demographicsTensors } from "./demographics.ts";
import { decodeFastestDet, fastestDetTensors } from "./fastestdet.ts";
import { decodeFer7, fer7Tensors } from "./fer7.ts";
import type { Candidate } from "./nms.ts";
import { decodePicoDet, picoDetTensors } from "./picodet.ts";
import { decodeSoftmax8, type ExpressionShares, softmax8Tensors } from "./softmax8.ts";
import type { TensorSpec } from "./tensor.ts";
import { decodeUltraFace, ultraFaceTensors } from "./ultraface.ts";
import { decodeYuNet, yuNetTensors } from "./yunet.ts";

/** The tensors a model's decoder reads, in the order in which it wants them. */
export function tensorsOf({ output, input }: Pick<ModelEntry, "output" | "input">): TensorSpec[] {
  switch (output.decoder) {
    case "boxes5":
      return boxes5Tensors(output);
    case "fastestdet":
      return fastestDetTensors(output, input);
    case "picodet":
      return picoDetTensors(output, input);
    case "yunet":
      return yuNetTensors(input);
    case "ultraface":
      return ultraFaceTensors(output);
    case "softmax8":
      return softmax8Tensors(output);
    case "fer7":
      return fer7Tensors(output);
    case "demographics":
      return demographicsTensors(output);
  }
}

/**
 * @param tensors in the order of {@link tensorsOf}, of the shapes it names
 * @returns candidates with score ≥ minScore, pixels on the model's input, not yet suppressed
 */
export function decodeBoxes(tensors: readonly Float32Array[], { output, input }: DetectorEntry): Candidate[] {
  const [first = NOTHING, second = NOTHING] = tensors;
  switch (output.decoder) {
    case "boxes5":
      return decodeBoxes5(first, output);
    case "fastestdet":
      return decodeFastestDet(first, output, input);
    case "picodet":
      return decodePicoDet(tensors, output, input);
    case "yunet":
      return decodeYuNet(tensors, output, input);
    case "ultraface":
      return decodeUltraFace(first, second, output, input);
  }
}

/** @param tensors in the order of {@link tensorsOf}, of the shapes it names */
export function decodeExpression(tensors: readonly Float32Array[], { output }: ClassifierEntry): ExpressionShares {
  const [first = NOTHING] = tensors;
  switch (output.decoder) {
    case "softmax8":
      return calibrated(decodeSoftmax8(first), output.calibration);
    case "fer7":
      return calibrated(decodeFer7(first), output.calibration);
  }
}

const NOTHING = new Float32Array();
