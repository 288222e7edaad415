// `touchpoint models pull`: other people's models, from their authors, from a mirror or from a stick.
import { join, resolve } from "node:path";
import { packageRoot } from "../place.ts";
import { type CatalogueEntry, readCatalogue } from "../vision/models/catalogue.ts";
import { fetchModel } from "../vision/models/fetch-model.ts";
import { type Arrival, arrivalFrom, installModel, manifestOf } from "../vision/models/install.ts";
import { readManifest } from "../vision/models/manifest.ts";
import { Fault } from "../words/errors.ts";

export interface PullSettings {
  readonly modelsDir: string;
  /** A folder, or the address of one; undefined: each model's own address. */
  readonly from: string | undefined;
}

export interface Pulled {
  readonly name: string;
  readonly licence: string;
  readonly source: string;
  readonly note: string;
}

const shippedDir = join(packageRoot(), "models");

/** What can be pulled by name. */
export function offers(): CatalogueEntry[] {
  return readCatalogue(shippedDir);
}

/**
 * Pulls models one after the other and tells each as it is installed. The folder gets the shipped models that it lacks
 * too, so that it is whole by itself; after an update of the program they can be pulled again by name.
 * @throws Fault MODEL_*: those told are installed, everything else is as it was
 */
export async function pullModels(
  names: readonly string[],
  { modelsDir, from }: PullSettings,
  told: (pulled: Pulled) => void,
): Promise<void> {
  if (resolve(modelsDir) === resolve(shippedDir))
    throw new Fault("MODEL_FOLDER", "no models folder of your own is named", { folder: modelsDir });
  const shipped = readManifest(shippedDir).models;
  const known = offers();
  const unknown = names.find((name) => ![...known, ...shipped].some((entry) => entry.name === name));
  if (unknown !== undefined) throw new Fault("MODEL_UNKNOWN", `no model "${unknown}" is known`, { model: unknown });
  const present = manifestOf(modelsDir).models.map(({ name }) => name);
  for (const entry of shipped)
    if (names.includes(entry.name) || !present.includes(entry.name)) {
      const { name, licence, card } = await installModel(modelsDir, arrivalFrom(shippedDir, entry));
      told({ name, licence, source: "shipped with this program", note: `see ${join(modelsDir, card)}` });
    }
  for (const entry of known.filter(({ name }) => names.includes(name))) {
    const { name, licence } = await installModel(modelsDir, await arrivalOf(entry, from));
    told({ name, licence, source: entry.source.repository, note: entry.note });
  }
}

async function arrivalOf(known: CatalogueEntry, from: string | undefined): Promise<Arrival> {
  const bytes = await fetchModel(known, from);
  const { source: _source, note: _note, ...entry } = known;
  return { entry, bytes, card: cardOf(known) };
}

/** The card of a pulled model: what the catalogue knows, for whoever asks later what runs here. */
function cardOf({ name, licence, sha256, source, note }: CatalogueEntry): string {
  return [
    `# ${name}`,
    "",
    `${note}`,
    "",
    "| | |",
    "|---|---|",
    `| Source | ${source.repository}, commit ${source.commit}, \`${source.file}\` |`,
    `| SHA-256 | \`${sha256}\` |`,
    `| Licence of the weights | ${licence} |`,
    "",
    "Not made by this project. Judge by the source whether its data and its licence suit you.",
    "",
  ].join("\n");
}
