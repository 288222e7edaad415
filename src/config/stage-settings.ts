// Which settings each stage of the agent works by: a stage can be blamed on new settings only where its own changed.
import { isDeepStrictEqual } from "node:util";
import type { Config } from "./schema.ts";

/** Whether the settings of a stage, by its name in health, differ. A stage that is not known here works by all of them. */
export function stageSettingsDiffer(stage: string, before: Config, after: Config): boolean {
  return !isDeepStrictEqual(settingsOf(stage, before), settingsOf(stage, after));
}

function settingsOf(stage: string, config: Config): unknown {
  const { local, fleet } = config;
  const [kind = "", id = ""] = stage.split(/:(.*)/);
  switch (kind) {
    case "clock":
      return undefined;
    case "journal":
      return [local.dataDir, local.journal];
    case "uplink":
    case "certificates":
      return [local.site, local.device, local.broker];
    case "notify":
      return local.notify;
    case "rollups":
      return [local.timezone, fleet.rollups, fleet.surveys];
    case "door":
      return [local.http, local.mqttDoor, local.callback, fleet.touchpoints.map((touchpoint) => touchpoint.id)];
    case "pad":
      return [
        local.pads.find((pad) => pad.id === id),
        fleet.touchpoints.filter(({ pads, readers }) => pads.includes(id) || readers.includes(id)),
      ];
    case "camera":
      return [local.cameras.find((camera) => camera.id === id), fleet.tracking, ...watching(config, id)];
    case "vision":
      return [
        local.vision,
        local.cameras,
        local.modelsDir,
        local.privacy,
        fleet.tracking,
        fleet.mood,
        watching(config),
      ];
    default:
      return config;
  }
}

/** What is looked for in the pictures of one camera, or of all. */
function watching({ fleet }: Config, camera?: string): unknown[] {
  const seenBy = <P extends { readonly camera: string }>(place: P | undefined): P | undefined =>
    camera === undefined || place?.camera === camera ? place : undefined;
  return fleet.touchpoints.map(({ zone, lines, staffZones, queue }) => [
    seenBy(zone),
    lines.map(seenBy),
    staffZones.map(seenBy),
    seenBy(queue),
  ]);
}
