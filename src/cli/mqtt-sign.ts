// `touchpoint mqtt keygen`: a key for whoever gives commands; `mqtt sign`: a command signed by it, ready to be published.
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { Argument, type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { loadConfig } from "../config/load.ts";
import { KEEP_MS } from "../uplink/command-ids.ts";
import { type Place, publicKeyLine, signCommand } from "../uplink/signature.ts";
import { COMMANDS, CommandBody, type CommandName } from "../words/commands.ts";
import { asFault, Fault } from "../words/errors.ts";
import { CONFIG_OPTION } from "./outcome.ts";

interface SignOptions {
  readonly config: string;
  readonly key: string;
  readonly by: string;
  readonly site?: string;
  readonly device?: string;
  readonly minutes: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Adds both verbs to `mqtt`. */
export function registerMqttSign(mqtt: Command): void {
  mqtt
    .command("keygen")
    .description("makes an Ed25519 key for signing commands; prints the public key for local.commands.principals")
    .argument("<file>", "new file of the private key, PEM; keep it where commands are given, never on a device")
    .option("--json", "one JSON object")
    .action(keygen);
  mqtt
    .command("sign")
    .description("prints a signed command as JSON, to be published to cmd/{command} of that device")
    .addArgument(new Argument("<command>", "its name").choices(Object.keys(COMMANDS)))
    .requiredOption("--key <file>", "private key that `mqtt keygen` made")
    .requiredOption("--by <name>", "the principal whose key it is")
    .option("--body <json>", "the command's own fields, a JSON object", jsonObject, {})
    .option("--minutes <n>", "good for so long, at most 1440", minutes, 10)
    .option("--site <id>", "the device's site; without it that of the configuration")
    .option("--device <id>", "the device; without it that of the configuration")
    .option(...CONFIG_OPTION)
    .option("--json", "one JSON object (the only format there is)")
    .action(sign);
}

function keygen(file: string, { json }: { readonly json?: true }): void {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ format: "pem", type: "pkcs8" });
  try {
    writeFileSync(file, pem, { mode: 0o600, flag: "wx" });
  } catch (thrown) {
    throw asFault(thrown, "COMMAND_KEY", `cannot make ${file}`);
  }
  const publicKey = publicKeyLine(privateKey);
  process.stdout.write(json === true ? `${JSON.stringify({ publicKey })}\n` : `publicKey: ${publicKey}\n`);
}

function sign(name: CommandName, options: SignOptions): void {
  const key = privateKeyIn(options.key);
  const nowMs = Date.now();
  const body = {
    ...options.body,
    id: randomUUID(),
    issued: new Date(nowMs).toISOString(),
    expires: new Date(nowMs + options.minutes * 60_000).toISOString(),
    by: options.by,
  };
  const schema = z.looseObject({ ...CommandBody.shape, ...COMMANDS[name].body.shape });
  const checked = schema.safeParse(body);
  if (!checked.success) throw new Fault("COMMAND_INVALID", `${name}: ${z.prettifyError(checked.error)}`);
  const sig = signCommand(key, placeOf(options), name, body);
  process.stdout.write(`${JSON.stringify({ ...body, sig })}\n`);
}

/** Commands are given from a machine that need have no configuration. */
function placeOf({ config, site, device }: SignOptions): Place {
  if (site !== undefined && device !== undefined) return { site, device };
  const { local } = loadConfig(config).config;
  return { site: site ?? local.site, device: device ?? local.device };
}

/** @throws Fault COMMAND_KEY where it cannot be read or is none */
function privateKeyIn(file: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(readFileSync(file));
  } catch (thrown) {
    // What the parser says of a file that is no key would not help, and may quote it.
    const reason = thrown instanceof Error && "syscall" in thrown ? thrown.message : "it holds no private key in PEM";
    throw new Fault("COMMAND_KEY", `cannot read ${file}: ${reason}`, {}, thrown);
  }
  if (key.asymmetricKeyType !== "ed25519") throw new Fault("COMMAND_KEY", `${file} holds no Ed25519 key`);
  return key;
}

function minutes(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > KEEP_MS / 60_000)
    throw new InvalidArgumentError("a whole number from 1 to 1440");
  return value;
}

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return { ...value };
  } catch {
    // said below
  }
  throw new InvalidArgumentError("a JSON object");
}
