// Hardware in the loop, by hand: builds the guest once, runs the button drivers in it, prints what came of each trial.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { agentTrial } from "./agent-trial.ts";
import { packApp } from "./app.ts";
import { cameraTrial } from "./camera-trial.ts";
import { buildImage, missingPackages } from "./image.ts";
import { startMachine } from "./machine.ts";
import { hidTrials, pinTrials, type Result } from "./trials.ts";

const USAGE = `usage: scripts/hil/run [gpio] [gpio2] [onoff] [hid] [agent] [camera]
Without a name all trials run. The guest is built under .hil the first time (root, Debian, about a minute).
HIL_ACCEL chooses QEMU's accelerator (default: plain emulation, which works everywhere).`;
const TRIALS = ["gpio", "gpio2", "onoff", "hid", "agent", "camera"] as const;

const wanted = process.argv.slice(2);
if (wanted.some((name) => !TRIALS.some((trial) => trial === name))) {
  console.error(USAGE);
  process.exit(wanted.includes("--help") ? 0 : 2);
}
const missing = missingPackages();
if (missing.length > 0) {
  console.error(`missing: apt-get install --no-install-recommends ${missing.join(" ")}`);
  process.exit(2);
}

const root = fileURLToPath(new URL("../../../", import.meta.url));
const folder = join(root, ".hil");
const image = await buildImage(folder, console.log);
const app = await packApp(root, folder);
const runFolder = join(folder, "run");
mkdirSync(runFolder, { recursive: true });
const accelerator = process.env.HIL_ACCEL;
const started = performance.now();
const machine = await startMachine({
  folder: runFolder,
  image,
  app,
  ...(accelerator === undefined ? {} : { accelerator }),
});
const results: Result[] = [];
try {
  console.log(`guest up after ${((performance.now() - started) / 1000).toFixed(0)} s`);
  const facts = await machine.shell("uname -r; /app/node --version; gpiodetect --version | head -1");
  console.log(facts.output.trim().replaceAll("\n", ", "));
  for (const trial of TRIALS) {
    if (wanted.length > 0 && !wanted.includes(trial)) continue;
    if (trial === "hid") results.push(...(await hidTrials(machine)));
    else if (trial === "camera") results.push(...(await cameraTrial(machine)));
    else if (trial === "agent") results.push(...(await agentTrial(machine)));
    else results.push(...(await pinTrials(machine, trial)));
  }
} finally {
  await machine.stop();
}
const failed = results.filter(({ ok }) => !ok).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 && results.length > 0 ? 0 : 1);
