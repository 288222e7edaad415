// Decodes an expression classifier trained on FER2013's seven classes, such as mini-Xception, into our eight.
import { z } from "zod";
import { EXPRESSIONS, type Expression } from "../../words/events.ts";
import { calibration } from "./calibration.ts";
import { decodeSoftmax8, type ExpressionShares } from "./softmax8.ts";
import { type TensorSpec, tensorName } from "./tensor.ts";

/**
 * FER2013's order (Goodfellow et al. 2013): angry, disgust, fear, happy, sad, surprise, neutral, as in
 * `src/utils/datasets.py` (get_labels) of github.com/oarriaga/face_classification.
 */
const FER2013: readonly Expression[] = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"];

export const Fer7Output = z.strictObject({
  decoder: z.literal("fer7").describe("seven probabilities in FER2013's order; contempt is always 0"),
  name: tensorName,
  calibration,
});
export type Fer7Output = z.infer<typeof Fer7Output>;

export function fer7Tensors({ name }: Fer7Output): TensorSpec[] {
  return [{ name, shape: [FER2013.length], isShare: () => true }];
}

/** @param output seven numbers ≥ 0. A model that does not know contempt says nothing of it: its share is 0. */
export function decodeFer7(output: Float32Array): ExpressionShares {
  return decodeSoftmax8(
    Float32Array.from(EXPRESSIONS, (name) => {
      const at = FER2013.indexOf(name);
      return at === -1 ? 0 : (output[at] ?? 0);
    }),
  );
}
