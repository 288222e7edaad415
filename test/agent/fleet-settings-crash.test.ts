// The real program killed at every durable step of applying fleet settings: the former or the new ones hold, never half.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startAgent } from "../../scripts/trials/agent-process.ts";
import { ROOT, writeTrialConfig } from "../../scripts/trials/settings.ts";
import { settingsHash } from "../../src/config/canonical.ts";
import { readRemote, remoteFile } from "../../src/config/remote-file.ts";
import { SettingsState } from "../../src/words/fleet-settings.ts";
import { startInProcessBroker } from "../fakes/broker.ts";
import { hasCompiler } from "../fakes/preloaded.ts";
import { buildSlowSync, slowSyncEnv } from "../fakes/slow-sync.ts";
import { until } from "../fakes/until.ts";
import { fleet } from "./settings-rig.ts";

// Each test lives through several starts of the whole agent.
vi.setConfig({ testTimeout: 240_000 });

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Each record is written by a sync and a rename; three are written: accepted, begun, applied. */
const STEPS = [
  { nth: 1, before: "the sync of what was accepted", outcome: "applied" },
  { nth: 2, before: "its rename", outcome: "applied" },
  { nth: 3, before: "the sync of what was begun", outcome: "applied" },
  { nth: 4, before: "its rename", outcome: "applied" },
  // From here on nobody can tell a crash that the settings brought about from this one.
  { nth: 5, before: "the sync of what was applied", outcome: "rolled-back" },
  { nth: 6, before: "its rename", outcome: "rolled-back" },
] as const;

describe.skipIf(!hasCompiler)("killed (needs gcc)", () => {
  it.each(STEPS)("before $before ($nth): $outcome in the end", async ({ nth, outcome }) => {
    const folder = mkdtempSync(join(tmpdir(), "touchpoint-settings-crash-"));
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    const broker = await startInProcessBroker();
    ends.push(() => broker.close());
    const states: SettingsState[] = [];
    broker.aedes.on("publish", ({ topic, payload }) => {
      if (topic === `${ROOT}/state/config`) states.push(SettingsState.parse(JSON.parse(payload.toString())));
    });
    const dataDir = join(folder, "data");
    mkdirSync(dataDir);
    const pads = [{ id: "p1", driver: "simulated" as const }];
    const file = writeTrialConfig({ folder, brokerUrl: broker.url, local: { pads, remoteConfig: { trialS: 1 } } });

    const library = buildSlowSync(folder);
    const env = slowSyncEnv(library, { kill: { nth, name: basename(remoteFile(dataDir)) } });
    const killed = startAgent(file, { env });
    ends.push(() => killed.end("SIGKILL"));
    await until(() => states.length > 0, "the agent is connected");
    const settings = fleet({}, 2);
    const document = JSON.stringify({ version: 7, hash: settingsHash(settings), by: "ops", fleet: settings });
    broker.aedes.publish(
      { cmd: "publish", topic: `${ROOT}/config`, payload: Buffer.from(document), qos: 1, retain: true, dup: false },
      () => undefined,
    );
    expect((await killed.ended).signal).toBe("SIGKILL");
    // Whole, or not there.
    expect(readRemote(dataDir).settled).toBeUndefined();

    const again = startAgent(file);
    ends.push(() => again.end("SIGKILL"));
    await until(() => states.at(-1)?.state === outcome, `state/config says ${outcome}`, 60_000);
    const running = outcome === "applied" ? 7 : 0;
    expect(states.at(-1)).toMatchObject({ version: 7, running: { version: running } });
    expect((await again.end("SIGTERM")).code).toBe(0);
    const record = readRemote(dataDir);
    expect(record.trial).toBeUndefined();
    expect(record.settled?.version).toBe(running === 0 ? undefined : 7);
    expect(record.failed).toHaveLength(running === 0 ? 1 : 0);
  });
});
