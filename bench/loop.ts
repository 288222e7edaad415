// Prints the delay of the whole agent's main loop while its eyes are busy and presses stream in, and the memory it takes.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { STREAM_BUTTONS } from "../scripts/trials/press-stream.ts";
import { ROOT, trialConfig } from "../scripts/trials/settings.ts";
import { startSubscriber } from "../scripts/trials/subscriber.ts";
import { runAgent } from "../src/agent/agent.ts";
import { createLog } from "../src/agent/log.ts";
import { Config } from "../src/config/schema.ts";
import { packageRoot } from "../src/place.ts";
import { startMosquitto } from "../test/fakes/mosquitto.ts";
import { createCable } from "../test/fakes/pty.ts";
import { tell } from "./figure.ts";

const SECONDS = 20;
/** Far more than a till needs: the eyes shall be busy. */
const FPS = 30;
const WARM_UP_MS = 4_000;
const AIM_MS = 10;
const MB = 1_048_576;

/** Set where the disk is made slow by the shim of test/fixtures. */
const syncMs = process.env.SLOW_SYNC_MS;
const name = `main loop delay p99${syncMs === undefined ? ", vision busy" : `, vision busy and ${syncMs} ms syncs`}`;

const out = join(packageRoot(), "out");
mkdirSync(out, { recursive: true });
const folder = mkdtempSync(join(out, "bench-loop-"));
const ending: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
try {
  await measure();
} finally {
  for (const end of ending.reverse()) await end();
}

async function measure(): Promise<void> {
  const broker = await startMosquitto();
  ending.push(broker.dispose);
  const subscriber = await startSubscriber(broker.port, `${ROOT}/event/press`);
  ending.push(subscriber.end);
  const cable = await createCable();
  ending.push(cable.remove);
  const config = Config.parse(
    trialConfig({
      folder,
      brokerUrl: broker.url,
      buttons: STREAM_BUTTONS,
      zone: { camera: "door" },
      local: {
        pads: [{ id: "p1", driver: "serial", port: cable.agentEnd }],
        cameras: [{ id: "door", source: { kind: "scene", seed: 2 }, fps: FPS }],
        privacy: { emotion: { purpose: "measuring the agent", controller: "the bench", notice: "this file" } },
      },
    }),
  );
  const stop = new AbortController();
  const log = createLog("error");
  await new Promise<void>((resolve, reject) => {
    const ended = runAgent(config, { signal: stop.signal, log, started: () => resolve() });
    ended.catch(reject);
    ending.push(async () => {
      stop.abort();
      await ended;
    });
  });
  const presser = fork(fileURLToPath(new URL("./presser.js", import.meta.url)), [cable.padEnd]);
  ending.push(async () => void presser.kill("SIGKILL"));
  await wait(WARM_UP_MS);
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  const cpu = process.cpuUsage();
  await wait(SECONDS * 1000);
  histogram.disable();
  const spent = process.cpuUsage(cpu);
  presser.send("enough");
  const [told] = (await once(presser, "message")) as [{ presses: number; acknowledged: number }];
  // The sampling interval of one millisecond is no delay.
  const at = (percent: number): number => Math.max(0, histogram.percentile(percent) / 1e6 - 1);
  const p99 = at(99);
  const load = (spent.user + spent.system) / 1e6 / SECONDS;
  const rssMb = process.memoryUsage().rss / MB;
  console.log(
    `${name}: p50 ${at(50).toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, max ${at(100).toFixed(1)} ms over ${SECONDS} s; ` +
      `${told.acknowledged} of ${told.presses} presses acknowledged; ${load.toFixed(2)} processors used; memory ${rssMb.toFixed(0)} MB`,
  );
  tell({ name, ours: `${p99.toFixed(2)} ms`, aim: `< ${AIM_MS} ms`, met: p99 < AIM_MS && told.acknowledged > 0 });
  if (syncMs === undefined)
    tell({ name: "memory of the whole agent, vision busy", ours: `${rssMb.toFixed(0)} MB`, aim: "–", met: true });
}
