// Presence through the whole program: a real camera process and model, Mosquitto, a program and an HTTP server.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Heard, runPresenceTrial } from "../../scripts/trials/presence-trial.ts";
import { MOSQUITTO_ABSENT, mosquittoProgram } from "../fakes/mosquitto.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "touchpoint-presence-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.skipIf(mosquittoProgram() === undefined)(`presence (else: ${MOSQUITTO_ABSENT})`, () => {
  test("somebody who comes and goes turns topic, program and server, and the end takes the word back", async () => {
    const heard = await runPresenceTrial({ folder, changes: 6, holdMs: 1_000, fps: 5 });
    for (const way of [heard.topic, heard.command, heard.http]) {
      expect(way).toHaveLength(6);
      // Each turn once, in order, and not before its frame; two clocks of one machine may differ by a little.
      way.slice(1).forEach(({ frameMs }, i) => void expect(frameMs).toBeGreaterThan(way[i]?.frameMs ?? 0));
      for (const { frameMs, heardMs } of way) expect(heardMs).toBeGreaterThan(frameMs - 50);
    }
    heard.topic.slice(1).forEach(({ occupied }, i) => void expect(occupied).not.toBe(heard.topic[i]?.occupied));
    const frames = (way: readonly Heard[]): number[] => way.map(({ frameMs }) => frameMs);
    // No way may tell of a turn that the topic does not; a busy one may be overtaken.
    for (const way of [heard.command, heard.http])
      expect(frames(heard.topic).filter((frameMs) => frames(way).includes(frameMs)).length).toBeGreaterThan(0);
    expect(heard.last).toMatchObject({ occupied: null, people: null });
  });
});
