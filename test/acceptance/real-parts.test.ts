// Real parts end to end: pad on a pseudo-terminal → the program → SQLite → Mosquitto → mosquitto_sub.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AgentProcess, STARTED, startAgent } from "../../scripts/trials/agent-process.ts";
import { buttonOf, countersOf, STREAM_BUTTONS } from "../../scripts/trials/press-stream.ts";
import { DEVICE, journalFile, ROOT, TOUCHPOINT, writeTrialConfig } from "../../scripts/trials/settings.ts";
import { firstArrivals, startSubscriber } from "../../scripts/trials/subscriber.ts";
import type { Sentence } from "../../src/buttons/pad-protocol.ts";
import { openReader } from "../../src/journal/read.ts";
import type { Envelope } from "../../src/words/events.ts";
import { PressData } from "../../src/words/feedback.ts";
import { MOSQUITTO_ABSENT, mosquittoProgram, startMosquitto } from "../fakes/mosquitto.ts";
import { createFakePad } from "../fakes/pad.ts";
import { hasCompiler } from "../fakes/preloaded.ts";
import { CABLES, createCable } from "../fakes/pty.ts";
import { buildSlowSync, slowSyncEnv } from "../fakes/slow-sync.ts";
import { until } from "../fakes/until.ts";

let folder = "";
let ending: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "touchpoint-parts-"));
  ending = [() => rmSync(folder, { recursive: true })];
});
afterEach(async () => {
  for (const end of ending.reverse()) await end();
});

/** Mosquitto that keeps sessions over a restart, a subscriber, the program and a pad. */
async function till(heard?: (sentence: Sentence) => void, env: Record<string, string> = {}) {
  const broker = await startMosquitto({ lines: ["persistence true", "persistence_location DIR/"] });
  ending.push(broker.dispose);
  const subscriber = await startSubscriber(broker.port, ROOT);
  ending.push(subscriber.end);
  const cable = await createCable();
  ending.push(cable.remove);
  const config = writeTrialConfig({
    folder,
    brokerUrl: broker.url,
    buttons: STREAM_BUTTONS,
    local: { pads: [{ id: "p1", driver: "serial", port: cable.agentEnd }] },
  });
  const agent = startAgent(config, { env });
  ending.push(() => agent.end("SIGKILL"));
  await agent.heard(({ msg }) => msg === STARTED, "it started");
  await serving(agent);
  const pad = await createFakePad(cable.padEnd, "P1", "s1", heard);
  ending.push(pad.unplug);
  return { broker, subscriber, agent, pad };
}

async function serving(agent: AgentProcess): Promise<void> {
  await agent.heard(({ stage, state }) => stage === "pad:p1" && state === "ok", "the pad's port is open");
  await agent.heard(({ stage, state }) => stage === "uplink" && state === "ok", "the broker is connected");
}

/** Buttons of the press rows that a fresh read-only connection sees now. */
function pressedOnDisk(): string[] {
  const reader = openReader(journalFile(folder));
  try {
    return [...reader.events({ types: ["press"] })].map(({ json }) => buttonIn(JSON.parse(json) as Envelope));
  } finally {
    reader.close();
  }
}

function buttonIn({ data }: Envelope): string {
  return PressData.parse(data).button;
}

function pressesOf(arrived: readonly Envelope[]): Envelope[] {
  return arrived.filter(({ type }) => type === "press");
}

describe.skipIf(!CABLES || mosquittoProgram() === undefined)(
  `real parts (else: no socat, or ${MOSQUITTO_ABSENT})`,
  () => {
    test("a press is on disk when $TPACK arrives, and reaches mosquitto_sub as the contract says", async () => {
      const rows = new Map<number, string[]>();
      const { subscriber, agent, pad } = await till((sentence) => {
        // In the very callback of the sentence: nothing can be committed between the acknowledgement and this look.
        if (sentence.kind === "acknowledge") rows.set(sentence.counter, pressedOnDisk());
      });
      for (let i = 0; i < 20; i += 1) {
        expect(pad.press(buttonOf(i))).toBe(true);
        if (i % 3 === 0) await until(() => pad.unacknowledged() === 0, "acknowledged");
      }
      await until(() => pad.acknowledged.size === 20, "all acknowledged");
      // The lamp's sentence follows the acknowledgement, at times in another piece of the stream.
      const shown = (pattern: string): string[] => pad.patterns.filter((one) => one === pattern);
      await until(() => shown("thanks").length >= 20, "all thanked");
      for (const [counter, seen] of rows)
        expect(seen, `rows at the acknowledgement of ${counter}`).toContain(buttonOf(counter));
      expect(rows.size).toBe(20);
      expect(shown("thanks")).toHaveLength(20);
      expect(shown("felt")).toHaveLength(20);

      await until(() => pressesOf(firstArrivals(subscriber.arrived)).length === 20, "all at the broker");
      const presses = pressesOf(firstArrivals(subscriber.arrived));
      expect(countersOf(presses.map(buttonIn))).toEqual([...Array(20).keys()]);
      expect(presses[0]).toMatchObject({ v: 1, device: DEVICE, touchpoint: TOUCHPOINT, tz: "Europe/Vilnius" });
      expect(presses[0]?.data).toEqual({
        pad: "p1",
        button: "b0",
        question: "visit",
        questionVersion: 1,
        value: 1,
        min: 1,
        max: 4,
        flags: [],
      });
      expect(await agent.end("SIGTERM")).toEqual({ code: 0, signal: null });
      await until(() => (subscriber.retained.get("status") as { state?: string })?.state === "offline", "said offline");
      const head = Math.max(...subscriber.arrived.map(({ seq }) => seq));
      expect(subscriber.retained.get("state/delivery")).toMatchObject({ head, done: head });
      expect(subscriber.strange).toEqual([]);
    });

    test("Mosquitto stopped for a while: every press arrives, in order, once per seq", async () => {
      const { broker, subscriber, agent, pad } = await till();
      let made = 0;
      const press = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i += 1) {
          await until(() => pad.unacknowledged() < 16, "the pad has room");
          expect(pad.press(buttonOf(made))).toBe(true);
          made += 1;
        }
        await until(() => pad.acknowledged.size === made, "acknowledged");
      };
      await press(40);
      await broker.stop();
      const lines = agent.lines.length;
      // With the broker away presses are acknowledged all the same.
      await press(120);
      await agent.heard(({ stage, state }) => stage === "uplink" && state === "degraded", "the broker is missed", 0);
      await broker.start();
      await press(20);
      await agent.heard(({ stage, state }) => stage === "uplink" && state === "ok", "the broker is back", lines);
      await press(20);
      await until(() => pressesOf(firstArrivals(subscriber.arrived)).length === 200, "all at the broker");

      const first = firstArrivals(subscriber.arrived);
      const presses = pressesOf(first);
      const seqs = presses.map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
      expect(countersOf(presses.map(buttonIn))).toEqual([...Array(200).keys()]);
      expect(new Set(presses.map(({ id }) => id)).size).toBe(200);
      expect(pad.patterns).not.toContain("error");

      // And every event, not only presses: seq 1, 2, 3 … without a hole.
      await agent.end("SIGTERM");
      const reader = openReader(journalFile(folder));
      const head = reader.head().head;
      reader.close();
      const all = (): number[] =>
        firstArrivals(subscriber.arrived)
          .map(({ seq }) => seq)
          .toSorted((a, b) => a - b);
      await until(() => all().length === head, "every event at the broker");
      expect(all()).toEqual(Array.from({ length: head }, (_, i) => i + 1));
    });
  },
);

describe.skipIf(!CABLES || mosquittoProgram() === undefined || !hasCompiler)("a disk that is slow to sync", () => {
  test("felt comes at once, $TPACK and thanks only after the sync", async () => {
    const library = buildSlowSync(folder);
    const syncs = join(folder, "syncs");
    /** Syncs begun and ended so far. */
    const count = (mark: "s" | "e"): number =>
      existsSync(syncs) ? readFileSync(syncs, "latin1").split(mark).length - 1 : 0;
    const when: { said: string; begun: number; ended: number; onDisk: number }[] = [];
    const { pad } = await till(
      (sentence) => {
        const said = sentence.kind === "indicate" ? sentence.pattern : sentence.kind;
        when.push({ said, begun: count("s"), ended: count("e"), onDisk: pressedOnDisk().length });
      },
      slowSyncEnv(library, { ms: 600, log: syncs }),
    );
    for (let i = 0; i < 3; i += 1) {
      // The disk is at rest, so the next sync is that of the press.
      await until(() => count("s") === count("e"), "no sync on its way");
      const before = { begun: count("s"), ended: count("e") };
      when.length = 0;
      expect(pad.press(buttonOf(i))).toBe(true);
      await until(() => when.some(({ said }) => said === "thanks"), "thanks");
      const at = (said: string) => when.find((one) => one.said === said);
      expect(at("felt")).toMatchObject({ ended: before.ended, onDisk: i });
      for (const promise of ["acknowledge", "thanks"]) {
        expect(at(promise)?.ended).toBeGreaterThan(before.ended);
        expect(at(promise)?.onDisk).toBe(i + 1);
      }
      expect(when.map(({ said }) => said).indexOf("felt")).toBe(0);
    }
  });
});
