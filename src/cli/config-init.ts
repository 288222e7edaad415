// `touchpoint config init`: a guided first configuration, by questions on a terminal or by flags without one.
import { hostname } from "node:os";
import { createInterface } from "node:readline";
import { type Command, InvalidArgumentError } from "commander";
import { type FoundDevices, findDevices } from "../config/found.ts";
import { type Answers, asId, firstConfig } from "../config/init.ts";
import { keepConfig } from "../config/keep.ts";
import { CONFIG_OPTION, EXIT } from "./outcome.ts";

interface Options {
  readonly config: string;
  readonly json?: true;
  readonly force?: true;
  readonly device?: string;
  readonly site?: string;
  readonly timezone?: string;
  readonly broker?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly serial?: string;
  readonly camera?: string;
  readonly question?: string;
  readonly buttons?: number;
  readonly dataDir?: string;
}

const DEFAULT_QUESTION = "How was your visit?";
const DEFAULT_BUTTONS = 4;

export function registerConfigInit(config: Command): void {
  config
    .command("init")
    .description("write a first configuration; asks on a terminal, takes flags without one")
    .option(...CONFIG_OPTION)
    .option("--force", "write over a file that is there")
    .option("--device <name>", "name of this device, unique in the fleet")
    .option("--site <name>", "name of the place")
    .option("--timezone <name>", "IANA time zone")
    .option("--broker <url>", "address of the MQTT broker; none keeps events in the journal")
    .option("--username <name>", "MQTT user")
    .option("--password-file <file>", "file that holds the MQTT password")
    .option("--serial <port>", "serial port of the pad")
    .option("--camera <device>", "V4L2 camera")
    .option("--question <text>", "what the pad asks")
    .option("--buttons <n>", "buttons of the pad, worst to best", buttonCount)
    .option("--data-dir <folder>", "folder of the journal")
    .option("--json", "print the outcome as JSON")
    .action(async (options: Options, command: Command) => {
      const found = findDevices("/dev");
      const asked = process.stdin.isTTY === true && process.stdout.isTTY === true;
      if (!asked && (options.device === undefined || options.site === undefined))
        command.error("error: without a terminal to ask on, --device and --site are needed");
      const answers = asked ? await ask(options, found) : fromFlags(options, options.device ?? "", options.site ?? "");
      if (answers === undefined) {
        process.stderr.write("\nStopped; nothing was written.\n");
        process.exitCode = EXIT.failed;
        return;
      }
      keepConfig(options.config, firstConfig(answers), options.force === true);
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify({ file: options.config, found })}\n`
          : `${options.config} is written.\nNext: touchpoint config check --config ${options.config}\n      touchpoint doctor --config ${options.config}\n`,
      );
    });
}

function buttonCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 2 || count > 10) throw new InvalidArgumentError("2 to 10 buttons.");
  return count;
}

function fromFlags(options: Options, device: string, site: string): Answers {
  return {
    device,
    site,
    timezone: options.timezone ?? localTimeZone(),
    question: options.question ?? DEFAULT_QUESTION,
    buttons: options.buttons ?? DEFAULT_BUTTONS,
    ...(options.broker === undefined
      ? {}
      : {
          broker: {
            url: options.broker,
            ...(options.username === undefined ? {} : { username: options.username }),
            ...(options.passwordFile === undefined ? {} : { passwordFile: options.passwordFile }),
          },
        }),
    ...(options.serial === undefined ? {} : { serialPort: options.serial }),
    ...(options.camera === undefined ? {} : { camera: options.camera }),
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
  };
}

/** Asks only what no flag has answered; an empty answer takes the proposal. Undefined when the person stopped. */
async function ask(options: Options, found: FoundDevices): Promise<Answers | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Line by line, so that answers pasted together are not lost between two questions.
  const lines = terminal[Symbol.asyncIterator]();
  const question = async (text: string, proposal: string, given: string | undefined): Promise<string> => {
    if (given !== undefined) return given;
    process.stdout.write(`${text} [${proposal === "" ? "none" : proposal}] `);
    const answer = await lines.next();
    if (answer.done === true) throw new Stopped();
    return answer.value.trim() === "" ? proposal : answer.value.trim();
  };
  const optional = (value: string): string | undefined => (value === "" || value === "none" ? undefined : value);
  try {
    const device = asId(await question("Name of this device, unique in the fleet", asId(hostname()), options.device));
    const site = asId(await question("Name of the place", "shop-1", options.site));
    const timezone = await question("Time zone", localTimeZone(), options.timezone);
    const broker = optional(await question("MQTT broker, for instance mqtts://broker:8883", "", options.broker));
    const username = broker === undefined ? undefined : optional(await question("MQTT user", device, options.username));
    const passwordFile =
      username === undefined ? undefined : optional(await question("File with its password", "", options.passwordFile));
    const serial = optional(await question("Serial port of the pad", found.serialPorts[0] ?? "", options.serial));
    const camera = optional(await question("Camera", found.cameras[0] ?? "", options.camera));
    const text = await question("What the pad asks", DEFAULT_QUESTION, options.question);
    const buttons = buttonCount(
      await question("Buttons on the pad, worst to best", String(DEFAULT_BUTTONS), options.buttons?.toString()),
    );
    const { broker: _b, username: _u, passwordFile: _p, serial: _s, camera: _c, ...rest } = options;
    return fromFlags(
      {
        ...rest,
        timezone,
        question: text,
        buttons,
        ...(broker === undefined ? {} : { broker }),
        ...(username === undefined ? {} : { username }),
        ...(passwordFile === undefined ? {} : { passwordFile }),
        ...(serial === undefined ? {} : { serial }),
        ...(camera === undefined ? {} : { camera }),
      },
      device,
      site,
    );
  } catch (thrown) {
    if (thrown instanceof Stopped) return undefined;
    throw thrown;
  } finally {
    terminal.close();
  }
}

/** Ctrl-C or Ctrl-D in the middle of the questions. */
class Stopped extends Error {}

function localTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
