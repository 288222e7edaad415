// The demo's configuration: config/demo.yaml, with this run's broker, data folder and seed in it.
import { join } from "node:path";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { packageRoot } from "../place.ts";
import { Fault } from "../words/errors.ts";

export interface DemoPlace {
  readonly brokerUrl: string;
  readonly dataDir: string;
  /** Draws another day; the file's own without it. */
  readonly seed: number | undefined;
}

export interface DemoConfig {
  readonly config: Config;
  readonly question: string;
  /** From the saddest to the happiest. */
  readonly buttons: readonly string[];
}

/** @throws Fault CONFIG_* where the file was changed so that it is no demo any more */
export function demoConfig(place: DemoPlace): DemoConfig {
  const { config, file } = loadConfig(join(packageRoot(), "config", "demo.yaml"));
  const { local, fleet } = config;
  const question = fleet.touchpoints.flatMap((touchpoint) => touchpoint.question ?? [])[0];
  if (local.broker === undefined || question === undefined)
    throw new Fault("CONFIG_INVALID", `${file}: a demo needs a broker and a question`, { file });
  const cameras = local.cameras.map((camera) =>
    place.seed === undefined || camera.source.kind !== "scene"
      ? camera
      : { ...camera, source: { ...camera.source, seed: place.seed } },
  );
  const broker = { ...local.broker, url: place.brokerUrl };
  const buttons = Object.entries(question.buttons)
    .sort(([, a], [, b]) => (a ?? 0) - (b ?? 0))
    .map(([button]) => button);
  return {
    config: { ...config, local: { ...local, dataDir: place.dataDir, broker, cameras } },
    question: question.text,
    buttons,
  };
}
