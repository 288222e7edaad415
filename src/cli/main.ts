// The command line: one file per verb, registered here.
import { Command, CommanderError } from "commander";
import { version } from "../agent/agent.ts";
import { registerButtons } from "./buttons.ts";
import { registerCamera } from "./camera.ts";
import { registerConfig } from "./config.ts";
import { registerDoctor } from "./doctor.ts";
import { registerIdentity } from "./identity.ts";
import { registerJournal } from "./journal.ts";
import { registerMetrics } from "./metrics.ts";
import { registerModels } from "./models.ts";
import { registerMqtt } from "./mqtt.ts";
import { EXIT, exitFor, explain } from "./outcome.ts";
import { registerPrivacy } from "./privacy.ts";
import { registerRun } from "./run.ts";
import { registerSerial } from "./serial.ts";
import { registerSimulate } from "./simulate.ts";
import { registerUpdate } from "./update.ts";
import { registerVision } from "./vision.ts";

const program = new Command("touchpoint")
  .description("Measures what customers feel, at the very place where they are served.")
  .version(version())
  .showHelpAfterError()
  .exitOverride();

for (const register of [
  registerRun,
  registerDoctor,
  registerConfig,
  registerButtons,
  registerSerial,
  registerCamera,
  registerVision,
  registerModels,
  registerJournal,
  registerMqtt,
  registerIdentity,
  registerMetrics,
  registerPrivacy,
  registerSimulate,
  registerUpdate,
])
  register(program);

// A reader that went away (`| head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.good);
  throw error;
});

try {
  await program.parseAsync(process.argv);
} catch (thrown) {
  if (thrown instanceof CommanderError) process.exitCode = thrown.exitCode === 0 ? EXIT.good : EXIT.usage;
  else {
    process.stderr.write(`${explain(thrown)}\n`);
    process.exitCode = exitFor(thrown);
  }
}
