// `touchpoint update …`: a signed package verified, or taken in for the installer.
import type { Command } from "commander";
import { version } from "../agent/agent.ts";
import { loadConfig } from "../config/load.ts";
import { incomingFolder, openPackage, takePackage, type UpdatePlace, verifyPackage } from "../update/take.ts";
import { CONFIG_OPTION } from "./outcome.ts";

interface Options {
  readonly config: string;
  readonly downgrade?: boolean;
  readonly json?: boolean;
}

/** Adds `update` with its verbs. */
export function registerUpdate(program: Command): void {
  const update = program.command("update").description("signed packages of newer versions");
  const verb = (
    name: string,
    description: string,
    act: (manifest: string, options: Options) => Promise<void>,
  ): void => {
    update
      .command(name)
      .description(description)
      .argument("<manifest>", "the package's manifest; its signature (.sig) and the package lie beside it")
      .option(...CONFIG_OPTION)
      .option("--downgrade", "also an older version than the one that runs, or the same again")
      .option("--json", "one JSON object")
      .action(act);
  };
  verb("verify", "signature, architecture, version, length and hash; changes nothing", verify);
  verb("take", "the same, and hands it over to the installer", take);
}

async function verify(manifest: string, options: Options): Promise<void> {
  const signed = await openPackage(manifest, placeOf(options.config), options.downgrade === true);
  await verifyPackage(signed, new AbortController().signal);
  const { file, ...said } = signed.manifest;
  say(
    options,
    { ok: true, ...said, file },
    `${file} is touchpoint ${said.version} for ${said.architecture}, as it was signed`,
  );
}

async function take(manifest: string, options: Options): Promise<void> {
  const place = placeOf(options.config);
  const signed = await openPackage(manifest, place, options.downgrade === true);
  await takePackage(signed, place, new AbortController().signal);
  const incoming = incomingFolder(place.dataDir);
  const { version: taken } = signed.manifest;
  say(options, { ok: true, version: taken, incoming }, `touchpoint ${taken} waits for the installer in ${incoming}`);
}

function placeOf(config: string): UpdatePlace {
  const { update, dataDir } = loadConfig(config).config.local;
  return { settings: update, dataDir, device: { version: version(), architecture: process.arch } };
}

function say({ json }: Options, told: object, sentence: string): void {
  process.stdout.write(json === true ? `${JSON.stringify(told)}\n` : `${sentence}\n`);
}
