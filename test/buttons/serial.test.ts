import { afterEach, describe, expect, it } from "vitest";
import type { PadPort } from "../../src/buttons/pad.ts";
import { serialPad } from "../../src/buttons/serial.ts";
import { PadConfig } from "../../src/config/pads.ts";
import { keepRunning } from "../../src/supervise/keep-running.ts";
import type { PadInput } from "../../src/words/inputs.ts";
import { createFakePad } from "../fakes/pad.ts";
import { CABLES, type Cable, createCable } from "../fakes/pty.ts";
import { until } from "../fakes/until.ts";

/** Runs a serial pad under supervision and keeps what it said. */
function listen(cable: Cable, more: Record<string, unknown> = {}) {
  const config = PadConfig.parse({ id: "p1", driver: "serial", port: cable.agentEnd, ...more });
  if (config.driver !== "serial") throw new Error("no serial pad");
  const stop = new AbortController();
  const inputs: PadInput[] = [];
  const states: string[] = [];
  const codes: string[] = [];
  let port: PadPort | undefined;
  const ended = keepRunning({
    signal: stop.signal,
    report: (state, fault) => states.push(fault === undefined ? state : `${state} ${fault.code}`),
    fallback: "SERIAL_LOST",
    backoff: { firstMs: 20, maxMs: 50, stableAfterMs: 10_000 },
    run: (signal, working) =>
      serialPad(config)({
        signal,
        nowMs: () => performance.now(),
        input: (input) => inputs.push(input),
        dropped: (fault) => codes.push(fault.code),
        opened: (opened) => {
          port = opened;
          working();
        },
      }),
  });
  const stopped = async (): Promise<void> => {
    stop.abort();
    await ended;
  };
  return { inputs, states, codes, port: () => port, stopped };
}

describe.skipIf(!CABLES)("serial driver on a real pseudo-terminal", () => {
  const open: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });
  const cabled = async (): Promise<Cable> => {
    const cable = await createCable();
    open.push(() => cable.remove());
    return cable;
  };

  it("reads presses, acknowledges, shows lamps", async () => {
    const cable = await cabled();
    const agent = listen(cable);
    open.push(agent.stopped);
    await until(() => agent.states.includes("ok"), "port open");
    const pad = await createFakePad(cable.padEnd, "till", "s1");
    open.push(pad.unplug);
    pad.press("4");
    await until(() => agent.inputs.some(({ kind }) => kind === "press"), "press read");
    const press = agent.inputs.find((one) => one.kind === "press");
    expect(press).toMatchObject({ pad: "p1", button: "4", ref: { pad: "till", session: "s1", counter: 0 } });
    expect(agent.inputs).toContainEqual(expect.objectContaining({ kind: "hello", batteryPercent: 87 }));
    if (press?.kind === "press" && press.ref !== undefined) agent.port()?.acknowledge(press.ref);
    agent.port()?.indicate("thanks", "p1");
    await until(() => pad.acknowledged.has(0) && pad.patterns.includes("thanks"), "acknowledged and thanked");
    expect(pad.unacknowledged()).toBe(0);
  });

  it("finds a cable that was absent, comes back after it is pulled, and says so", async () => {
    const cable = await cabled();
    await cable.pull();
    const agent = listen(cable);
    open.push(agent.stopped);
    await until(() => agent.states.includes("degraded SERIAL_OPEN"), "absence seen");
    await cable.plug();
    await until(() => agent.states.at(-1) === "ok", "port found");
    await cable.pull();
    await until(() => agent.states.some((state) => state === "degraded SERIAL_LOST"), "loss seen");
    await cable.plug();
    await until(() => agent.states.at(-1) === "ok", "port found again");
    const pad = await createFakePad(cable.padEnd, "till", "s1");
    open.push(pad.unplug);
    pad.press("2");
    await until(() => agent.inputs.some(({ kind }) => kind === "press"), "press read");
  });

  it("reads other makers' pads by a pattern", async () => {
    const cable = await cabled();
    const pattern = { line: "^(?:BTN=(?<button>[A-D])|CARD=(?<scan>\\d+))$", buttons: { A: "1", D: "4" } };
    const agent = listen(cable, { pattern });
    open.push(agent.stopped);
    await until(() => agent.states.includes("ok"), "port open");
    const pad = await createFakePad(cable.padEnd, "x", "s1");
    open.push(pad.unplug);
    pad.raw("\r\nBTN=A\r\nBTN=D\nBTN=B\rnonsense\nCARD=4711\n");
    await until(() => agent.inputs.length === 4, "lines read");
    expect(
      agent.inputs.map((one) => (one.kind === "press" ? one.button : one.kind === "scan" ? one.code : one.kind)),
    ).toEqual(["1", "4", "B", "4711"]);
    expect(agent.codes).toContain("SENTENCE_INVALID");
  });
});
