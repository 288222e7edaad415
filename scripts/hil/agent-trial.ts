// The whole agent in the guest: presses on simulated pins arrive at a real Mosquitto, and the journal is whole.
import { setTimeout as wait } from "node:timers/promises";
import { stringify } from "yaml";
import { Envelope } from "../../src/words/events.ts";
import { PressData } from "../../src/words/feedback.ts";
import { BEEPER, DEBOUNCE_MS, LAMP, LINES, ORDER } from "./guest-pins.ts";
import type { Machine } from "./machine.ts";
import { findings, type Result, say } from "./trials.ts";

const CONFIG = {
  version: 1,
  local: {
    device: "hil",
    site: "guest",
    dataDir: "/tmp/data",
    broker: { url: "mqtt://127.0.0.1:1883" },
    pads: [
      {
        id: "p1",
        driver: "gpio",
        chip: "pinctrl-rp1",
        buttons: LINES,
        lamp: LAMP,
        beeper: BEEPER,
        debounceMs: DEBOUNCE_MS,
      },
    ],
  },
  fleet: {
    touchpoints: [
      {
        id: "counter",
        pads: ["p1"],
        question: { id: "visit", buttons: Object.fromEntries(Object.keys(LINES).map((name) => [name, Number(name)])) },
      },
    ],
  },
};

const PROGRAM = "/app/node /app/dist/src/cli/main.js";
const EVENTS = "/tmp/events";

/** Twenty presses → agent → Mosquitto → mosquitto_sub, in order, each answered by the lamp; then a clean end. */
export async function agentTrial(machine: Machine): Promise<Result[]> {
  const results: Result[] = [];
  const config = Buffer.from(stringify(CONFIG)).toString("base64");
  await machine.shell(
    [
      `echo ${config} | base64 -d > /tmp/touchpoint.yaml`,
      "mosquitto -d -p 1883 > /tmp/mosquitto.log 2>&1",
      // Tried again until the broker listens; line by line, so that each message is in the file when it came.
      `nohup sh -c "until stdbuf -oL mosquitto_sub -h 127.0.0.1 -q 1 -i watcher -t 'touchpoint/v1/guest/hil/event/press'; do sleep 0.5; done" > ${EVENTS} 2>&1 &`,
      `PATH=/app:$PATH nohup ${PROGRAM} run --config /tmp/touchpoint.yaml > /tmp/agent.log 2>&1 & echo $! > /tmp/agent.pid`,
    ].join("\n"),
  );
  const pressed = findings((await machine.shell("/app/node /app/dist/scripts/hil/guest.js press", 400_000)).output);
  for (const finding of pressed)
    if (finding.kind === "result") say(results, { ...finding, name: `agent ${finding.name}` });

  const deadline = Date.now() + 60_000;
  let buttons = await arrived(machine);
  while (buttons.length < ORDER.length && Date.now() < deadline) {
    await wait(500);
    buttons = await arrived(machine);
  }
  const right = buttons.join() === ORDER.join();
  say(results, {
    name: "agent presses at mosquitto_sub",
    ok: right,
    detail: `${buttons.length} of ${ORDER.length}, order ${right ? "right" : buttons.join("")}`,
  });

  const end = await machine.shell(
    "kill $(cat /tmp/agent.pid); while kill -0 $(cat /tmp/agent.pid) 2>/dev/null; do sleep 0.2; done; pgrep -f 'bin/gpio(mon|set) '",
    60_000,
  );
  say(results, { name: "agent leaves no child", ok: end.output.trim() === "", detail: end.output.trim() || "none" });
  const verify = await machine.shell(`${PROGRAM} journal verify --config /tmp/touchpoint.yaml`);
  say(results, {
    name: "agent journal verify",
    ok: verify.code === 0,
    detail: verify.output.trim().replaceAll("\n", "; "),
  });
  if (results.some(({ ok }) => !ok))
    console.log((await machine.shell(`tail -n 20 /tmp/agent.log; tail -n 5 ${EVENTS} /tmp/mosquitto.log`)).output);
  return results;
}

/** Buttons of the press events that arrived, by seq. */
async function arrived(machine: Machine): Promise<string[]> {
  const { output } = await machine.shell(`cat ${EVENTS}`);
  const events = output.split("\n").flatMap((line) => (line.startsWith("{") ? [Envelope.parse(JSON.parse(line))] : []));
  return events.sort((a, b) => a.seq - b.seq).map((event) => PressData.parse(event.data).button);
}
