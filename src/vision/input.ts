// Fills a model's input as its contract asks: colours, order, layout and normalisation. Pure numbers, no geometry.
import { toGray } from "./letterbox.ts";
import type { InputContract } from "./models/manifest.ts";

/** What {@link fillInput} needs to know of an input. */
type Contract = Pick<InputContract, "channels" | "layout" | "normalise">;

/** How many numbers stand for one pixel. */
export function channelsOf({ channels }: Pick<InputContract, "channels">): 1 | 3 {
  return channels === "gray" ? 1 : 3;
}

/**
 * @param rgb red, green and blue plane of the input, 0..255
 * @param input all numbers of the model's input, which are filled
 */
export function fillInput(rgb: Float32Array, contract: Contract, input: Float32Array): void {
  if (contract.channels === "gray") {
    toGray(rgb, input);
    normaliseGray(input, contract);
    return;
  }
  if (contract.channels === "rgb" && contract.layout === "nchw" && contract.normalise === undefined) {
    // Nothing to do but to copy, and that is the ordinary case.
    input.set(rgb);
    return;
  }
  const plane = rgb.length / 3;
  const { mean, deviation } = contract.normalise ?? { mean: [0, 0, 0], deviation: [1, 1, 1] };
  const step = contract.layout === "nhwc" ? 3 : 1;
  for (let channel = 0; channel < 3; channel += 1) {
    const from = (contract.channels === "bgr" ? 2 - channel : channel) * plane;
    const to = contract.layout === "nhwc" ? channel : channel * plane;
    const factor = 1 / (deviation[channel] ?? 1);
    const offset = mean[channel] ?? 0;
    for (let i = 0; i < plane; i += 1) input[to + i * step] = ((rgb[from + i] ?? 0) - offset) * factor;
  }
}

/** Grey has one channel: the first mean and deviation are its own. */
export function normaliseGray(gray: Float32Array, { normalise }: Pick<InputContract, "normalise">): void {
  if (normalise === undefined) return;
  const [mean] = normalise.mean;
  const [deviation] = normalise.deviation;
  for (let i = 0; i < gray.length; i += 1) gray[i] = ((gray[i] ?? 0) - mean) / deviation;
}
