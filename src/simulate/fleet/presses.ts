// Who presses what and when in a fleet: people come independently of each other, the same for the same seed. Pure.
import { seededRandom } from "../random.ts";
import { BUTTONS } from "./device.ts";

export interface FleetPress {
  /** Since the first moment of the load, milliseconds. */
  readonly atMs: number;
  /** Index of the device. */
  readonly device: number;
  readonly button: string;
}

/**
 * A Poisson process over all devices: exponential times between presses, each at any device.
 * @param perSecond mean presses of one device, each second
 */
export function* fleetPresses(
  devices: number,
  perSecond: number,
  seconds: number,
  seed: number,
): Generator<FleetPress, undefined> {
  if (perSecond === 0) return;
  const random = seededRandom(seed);
  const meanMs = 1_000 / (devices * perSecond);
  for (let atMs = 0; ; ) {
    atMs -= meanMs * Math.log(1 - random());
    if (atMs >= seconds * 1_000) return;
    const device = Math.floor(random() * devices);
    yield { atMs, device, button: BUTTONS[Math.floor(random() * BUTTONS.length)] ?? "" };
  }
}
