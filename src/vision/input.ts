// Fills a model's input as its contract asks: colours, order, layout and normalisation. Pure numbers, no geometry.
import { type Planes, toGray } from "./letterbox.ts";
import type { InputContract } from "./models/manifest.ts";

/** What {@link fillInput} needs to know of an input. */
type Contract = Pick<InputContract, "channels" | "layout" | "normalise">;

/** How many numbers stand for one pixel. */
export function channelsOf({ channels }: Pick<InputContract, "channels">): 1 | 3 {
  return channels === "gray" ? 1 : 3;
}

/**
 * @param drawn of the input's size
 * @param input all numbers of the model's input, which are filled
 */
export function fillInput({ rgb, gray }: Planes, contract: Contract, input: Float32Array): void {
  if (contract.channels === "gray") {
    if (gray === undefined) toGray(rgb, input);
    else if (gray !== input) input.set(gray);
    normaliseGray(input, contract);
    return;
  }
  if (isDrawnInto(contract)) {
    if (rgb !== input) input.set(rgb);
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

/** Whether a picture can be drawn into the input itself, as it is: the ordinary case. */
export function isDrawnInto({ channels, layout, normalise }: Contract): boolean {
  return normalise === undefined && (channels === "gray" || (channels === "rgb" && layout === "nchw"));
}

/** Grey has one channel: the first mean and deviation are its own. */
export function normaliseGray(gray: Float32Array, { normalise }: Pick<InputContract, "normalise">): void {
  if (normalise === undefined) return;
  const [mean] = normalise.mean;
  const [deviation] = normalise.deviation;
  for (let i = 0; i < gray.length; i += 1) gray[i] = ((gray[i] ?? 0) - mean) / deviation;
}
