// What the engine needs to know of a configuration.
import type { Config } from "../config/schema.ts";
import { expandSurvey } from "../config/surveys.ts";
import type { CustomerHash } from "./context.ts";
import type { EngineSettings } from "./engine.ts";

/** @param hash tells customers apart without their numbers; absent: they are not told apart */
export function engineSettings({ local, fleet }: Config, hash?: CustomerHash): EngineSettings {
  const { emotion, demographics } = local.privacy;
  const isRead = emotion !== undefined || demographics !== undefined;
  return {
    touchpoints: fleet.touchpoints,
    cameras: local.cameras,
    openingHours: fleet.openingHours,
    timezone: local.timezone,
    ...(hash === undefined ? {} : { hash }),
    mood: isRead ? { intervalMs: fleet.mood.intervalS * 1000, k: fleet.mood.k } : undefined,
    alerts: { settings: fleet.alerts, timeZone: local.timezone },
    fairPlay: fleet.fairPlay,
    tracking: fleet.tracking,
    surveys: { surveys: fleet.surveys.map(expandSurvey), timezone: local.timezone },
  };
}
