// Runs the agent life after life: each time the fleet settings change or something is to be erased, the one ends in order and the next begins.
import { bootId } from "../clock/clock.ts";
import type { Config } from "../config/schema.ts";
import { Fault } from "../words/errors.ts";
import { type AgentOptions, runAgent } from "./agent.ts";
import { FleetSettings } from "./fleet-settings.ts";

/**
 * Runs until aborted. Devices are closed and opened again between two lives; pads and callers send again what was not
 * acknowledged.
 * @param own the device's own file
 * @throws what `runAgent` throws
 */
export async function runLives(own: Config, options: Omit<AgentOptions, "fleetSettings" | "anew">): Promise<void> {
  const settings = new FleetSettings(own, { boot: bootId(), log: options.log });
  for (;;) {
    const config = settings.begin();
    let anew = false;
    try {
      await runAgent(config, {
        ...options,
        fleetSettings: settings.join,
        anew: () => {
          anew = true;
        },
      });
    } catch (thrown) {
      // A disk that fails is weather; anything else may be the settings' doing, and the next start rolls them back.
      if (thrown instanceof Fault && thrown.kind === "unavailable") settings.interrupted();
      throw thrown;
    }
    if (settings.again && !options.signal.aborted) continue;
    settings.interrupted();
    if (!anew || options.signal.aborted) return;
  }
}
