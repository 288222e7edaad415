// The configuration of a trial: one till with a device, a folder and a broker of its own, written as a real YAML file.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { ConfigInput } from "../../src/config/schema.ts";

export const SITE = "trial";
export const DEVICE = "till-03";
export const TOUCHPOINT = "checkout";
export const ROOT = `touchpoint/v1/${SITE}/${DEVICE}`;

export interface TrialSettings {
  /** Folder of this trial; the configuration and the journal lie in it. */
  readonly folder: string;
  readonly brokerUrl?: string;
  /** Names of the buttons; the default is 1 to 4, worth their number. */
  readonly buttons?: readonly string[];
  /** Pads that serve the touchpoint; by default every pad in `local`. */
  readonly serving?: readonly string[];
  readonly local?: Partial<ConfigInput["local"]>;
  /** Looks at the scene for episodes at the touchpoint. */
  readonly zone?: NonNullable<ConfigInput["fleet"]["touchpoints"][number]["zone"]>;
  /** Readers that serve the touchpoint, and what their codes are. */
  readonly readers?: readonly string[];
  readonly context?: NonNullable<ConfigInput["fleet"]["touchpoints"][number]["context"]>;
  readonly mood?: ConfigInput["fleet"]["mood"];
}

/** The configuration as a person would write it. */
export function trialConfig(settings: TrialSettings): ConfigInput {
  const { folder, brokerUrl, local = {}, zone, mood, readers, context } = settings;
  const buttons = settings.buttons ?? ["1", "2", "3", "4"];
  return {
    version: 1,
    local: {
      device: DEVICE,
      site: SITE,
      timezone: "Europe/Vilnius",
      dataDir: join(folder, "data"),
      ...(brokerUrl === undefined ? {} : { broker: { url: brokerUrl } }),
      ...local,
    },
    fleet: {
      touchpoints: [
        {
          id: TOUCHPOINT,
          pads: [...(settings.serving ?? (local.pads ?? []).map(({ id }) => id))],
          question: {
            id: "visit",
            text: "How was your visit?",
            buttons: Object.fromEntries(buttons.map((button, i) => [button, (i % 4) + 1])),
          },
          ...(zone === undefined ? {} : { zone }),
          ...(readers === undefined ? {} : { readers: [...readers] }),
          ...(context === undefined ? {} : { context }),
        },
      ],
      ...(mood === undefined ? {} : { mood }),
    },
  };
}

/** Writes the configuration of a trial and returns its path. */
export function writeTrialConfig(settings: TrialSettings): string {
  const file = join(settings.folder, "touchpoint.yaml");
  writeFileSync(file, stringify(trialConfig(settings)), { mode: 0o600 });
  return file;
}

/** The journal of a trial. */
export function journalFile(folder: string): string {
  return join(folder, "data", "journal.db");
}
