// Puts a model into a models folder: proved and tried first, then written whole, and last named in the manifest.
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeDurably } from "../../durable.ts";
import { asFault } from "../../words/errors.ts";
import { MANIFEST, type Manifest, type ModelEntry, type ModelFacts, readManifest, readModelFile } from "./manifest.ts";
import { selfTestBytes } from "./self-test.ts";

/** A model to be installed: its entry but for where it will lie, its proved bytes and its card. */
export interface Arrival {
  readonly entry: ModelFacts;
  readonly bytes: Uint8Array;
  readonly card: string;
}

/**
 * Installs a model beside those that are there, in the place of one of the same name. Until the manifest is renamed into
 * place, everything that was installed is as it was: the file's name holds its hash, so that no file is ever changed.
 * @throws Fault MODEL_INVALID, MODEL_SHAPE or MODEL_OUTPUT when the self-test fails; MODEL_WRITE; MODEL_INVALID also when
 *   the folder's manifest is none
 */
export async function installModel(modelsDir: string, { entry, bytes, card }: Arrival): Promise<ModelEntry> {
  const { models } = manifestOf(modelsDir);
  const placed = {
    ...entry,
    file: `${entry.name}/${entry.sha256.slice(0, 12)}.onnx`,
    card: `${entry.name}/${entry.sha256.slice(0, 12)}.md`,
  } as ModelEntry;
  await selfTestBytes(bytes, placed);
  const before = models.find(({ name }) => name === placed.name);
  const manifest = { version: 1, models: [...models.filter((one) => one !== before), placed] } satisfies Manifest;
  try {
    makeFolder(modelsDir);
    makeFolder(join(modelsDir, placed.name));
    writeDurably(join(modelsDir, placed.file), bytes);
    writeDurably(join(modelsDir, placed.card), card);
    writeDurably(join(modelsDir, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`);
  } catch (thrown) {
    throw asFault(thrown, "MODEL_WRITE", `cannot install ${placed.name} in ${modelsDir}`);
  }
  // An agent that runs has read its models already. Whoever wrote a manifest by hand may use one file for two models.
  const used = manifest.models.flatMap(({ file, card: itsCard }) => [file, itsCard]);
  for (const file of [before?.file, before?.card])
    if (file !== undefined && !used.includes(file)) rmSync(join(modelsDir, file), { force: true });
  return placed;
}

/**
 * A model of a whole models folder, ready for another.
 * @throws Fault MODEL_MISSING or MODEL_HASH
 */
export function arrivalFrom(modelsDir: string, installed: ModelEntry): Arrival {
  const { file: _file, card, ...entry } = installed;
  try {
    return { entry, bytes: readModelFile(modelsDir, installed), card: readFileSync(join(modelsDir, card), "utf8") };
  } catch (thrown) {
    throw asFault(thrown, "MODEL_MISSING", `${entry.name} is not whole in ${modelsDir}`);
  }
}

/**
 * What is installed in a folder; one without a manifest is an empty one.
 * @throws Fault MODEL_INVALID
 */
export function manifestOf(modelsDir: string): Pick<Manifest, "models"> {
  return existsSync(join(modelsDir, MANIFEST)) ? readManifest(modelsDir) : { models: [] };
}

/** What root makes belongs to whoever owns the folder above, so that the agent's user can read it. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  mkdirSync(folder, 0o755);
  const { uid, gid } = statSync(dirname(folder));
  if (process.getuid?.() === 0) chownSync(folder, uid, gid);
}
