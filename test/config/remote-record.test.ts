// The trial of settings as a pure machine: what it is blamed for, what is weather, and what no order of events can bring about.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { settingsHash } from "../../src/config/canonical.ts";
import { judgeDesired } from "../../src/config/desired.ts";
import { inForce } from "../../src/config/in-force.ts";
import {
  accept,
  atStart,
  atTrialEnd,
  interrupted,
  MOST_BEGINS,
  NO_RECORD,
  RemoteRecord,
  withdrawn,
} from "../../src/config/remote-record.ts";
import { Config, type ConfigInput } from "../../src/config/schema.ts";
import { stageSettingsDiffer } from "../../src/config/stage-settings.ts";

const SINCE = "2026-11-28T09:00:00.000Z";

type Fleet = ConfigInput["fleet"];
const zone = (x: number) => ({
  camera: "door",
  polygon: [
    [x, 0],
    [1, 0],
    [1, 1],
  ] as [number, number][],
});
const fleet = (more: Partial<Fleet> = {}, x = 0): Fleet => ({
  touchpoints: [{ id: "till", pads: ["p1"], question: { id: "visit", buttons: { "1": 1 } }, zone: zone(x) }],
  ...more,
});
const config = (settings: Fleet = fleet(), broker = "mqtt://one"): Config =>
  Config.parse({
    version: 1,
    local: {
      device: "till-1",
      site: "shop",
      broker: { url: broker },
      pads: [{ id: "p1", driver: "simulated" }],
      cameras: [
        { id: "door", source: { kind: "scene" } },
        { id: "hall", source: { kind: "scene" } },
      ],
    },
    fleet: settings,
  });
const desired = (version: number, settings = fleet({ mood: { k: version } })) => ({
  version,
  hash: settingsHash(settings),
  by: "ops",
  fleet: JSON.parse(JSON.stringify(settings)) as Record<string, unknown>,
});
/** On trial, begun in this boot. */
const tried = (version: number, watched: string[], boot = "b1"): RemoteRecord =>
  atStart(accept(NO_RECORD, desired(version), watched, SINCE), boot, SINCE);

describe("which settings a stage works by", () => {
  const differ = (stage: string, after: Config): boolean => stageSettingsDiffer(stage, config(), after);
  it.each([
    ["camera:door", config(fleet({}, 0.5)), true],
    ["camera:hall", config(fleet({}, 0.5)), false],
    ["vision", config(fleet({}, 0.5)), true],
    ["uplink", config(fleet({}, 0.5)), false],
    ["uplink", config(fleet(), "mqtt://two"), true],
    ["certificates", config(fleet(), "mqtt://two"), true],
    ["rollups", config(fleet({ rollups: { windows: ["day"] } })), true],
    ["rollups", config(fleet({ mood: { k: 9 } })), false],
    ["pad:p1", config(fleet({ mood: { k: 9 } })), false],
    ["pad:p1", config(fleet({}, 0.5)), true],
    ["clock", config(fleet({}, 0.5)), false],
    ["journal", config(fleet({}, 0.5)), false],
    ["something new", config(fleet({ mood: { k: 9 } })), true],
    ["something new", config(), false],
  ])("%s", (stage, after, expected) => {
    expect(differ(stage, after)).toBe(expected);
  });
});

describe("the end of a trial", () => {
  it.each([
    ["ok", "applied"],
    ["paused", "applied"],
    ["degraded", "rolled-back"],
    ["starting", "rolled-back"],
    ["stopped", "rolled-back"],
  ])("a watched stage that is %s: %s", (state, outcome) => {
    const end = atTrialEnd(tried(7, ["camera:door"]), { "camera:door": { state, message: "gone" } }, SINCE);
    expect(end.trial).toBeUndefined();
    expect(end.verdict?.state).toBe(outcome);
    expect(end.verdict?.reasons).toEqual(
      outcome === "applied" ? [] : [`camera:door was healthy and is ${state}: gone`],
    );
    expect(end.settled?.version).toBe(outcome === "applied" ? 7 : undefined);
    expect(end.failed.map(({ hash }) => hash)).toEqual(outcome === "applied" ? [] : [desired(7).hash]);
  });

  it("weather at any other stage changes nothing, the broker's among it", () => {
    const ill = { uplink: { state: "degraded" }, "camera:hall": { state: "degraded" }, journal: { state: "degraded" } };
    expect(atTrialEnd(tried(7, ["camera:door"]), ill, SINCE).verdict?.state).toBe("applied");
  });

  it("a broker that is away is the settings' doing where the uplink's own changed", () => {
    const end = atTrialEnd(tried(7, ["uplink"]), { uplink: { state: "degraded" } }, SINCE);
    expect(end.verdict?.state).toBe("rolled-back");
  });
});

describe("a trial that does not survive", () => {
  it("is rolled back after a crash in the same boot", () => {
    const next = atStart(tried(7, []), "b1", SINCE);
    expect(next.trial).toBeUndefined();
    expect(next.verdict).toMatchObject({ state: "rolled-back", version: 7 });
    expect(next.failed).toHaveLength(1);
  });

  it("begins anew after a power cut, but not for ever", () => {
    let record = tried(7, [], "b1");
    for (let boot = 2; boot <= MOST_BEGINS; boot += 1) {
      record = atStart(record, `b${boot}`, SINCE);
      expect(record.trial?.begun).toBe(boot);
    }
    expect(atStart(record, "last", SINCE).verdict?.state).toBe("rolled-back");
  });

  it("begins anew after any number of orderly stops", () => {
    let record = tried(7, []);
    for (let n = 0; n < 10; n += 1) record = atStart(interrupted(record), "b1", SINCE);
    expect(record.trial?.begun).toBe(1);
    expect(record.failed).toEqual([]);
  });
});

describe("the device's own file, edited by hand", () => {
  const file = config(fleet({ mood: { k: 3 } }));
  const record = atTrialEnd(tried(7, []), {}, SINCE);

  it("is out of force while what came by the broker fits it", () => {
    expect(inForce(file, record)).toMatchObject({ version: 7, config: { fleet: { mood: { k: 7 } } }, reasons: [] });
    expect(inForce(config(fleet({ mood: { k: 5, intervalS: 60 } })), record).version).toBe(7);
  });

  it("holds where they no longer go together, or where nothing is to come from afar", () => {
    const strict = inForce(config(fleet({ mood: { k: 8 } })), record);
    expect(strict).toMatchObject({ version: 0, config: { fleet: { mood: { k: 8 } } } });
    expect(strict.reasons).toEqual([expect.stringMatching(/^fleet\.mood\.k: /)]);
    const { local, ...rest } = file;
    const closed = { ...rest, local: { ...local, remoteConfig: { accept: false, trialS: 60 } } };
    expect(inForce(closed, record)).toMatchObject({ version: 0, reasons: [] });
  });

  it("withdraws a trial without blame on its hash", () => {
    const none = withdrawn(tried(7, []), ["no longer fits"], SINCE);
    expect(none).toMatchObject({ failed: [], verdict: { state: "refused", reasons: ["no longer fits"] } });
    expect(none.trial).toBeUndefined();
  });
});

describe("in any order of messages, ends, crashes and power cuts", () => {
  const own = config(fleet({ mood: { k: 2 } }));
  const Happening = fc.oneof(
    fc.record({
      what: fc.constant("message" as const),
      version: fc.integer({ min: 1, max: 8 }),
      k: fc.integer({ min: 2, max: 6 }),
    }),
    fc.record({ what: fc.constant("end" as const), ill: fc.boolean() }),
    fc.record({ what: fc.constantFrom("crash" as const, "power cut" as const, "stop" as const) }),
  );

  it("no failed hash is in force, versions rise, and what is kept can be read again", () => {
    fc.assert(
      fc.property(fc.array(Happening, { maxLength: 60 }), (happenings) => {
        let record: RemoteRecord = NO_RECORD;
        let boot = 0;
        let highest = 0;
        for (const happening of happenings) {
          const failedBefore = record.failed.length;
          switch (happening.what) {
            case "message": {
              if (record.trial !== undefined) break;
              const doc = desired(happening.version, fleet({ mood: { k: happening.k } }));
              const judged = judgeDesired(Buffer.from(JSON.stringify(doc)), record, own);
              if (judged.do !== "try") break;
              record = atStart(accept(record, judged.desired, ["camera:door"], SINCE), `b${boot}`, SINCE);
              break;
            }
            case "end":
              record = atTrialEnd(record, { "camera:door": { state: happening.ill ? "degraded" : "ok" } }, SINCE);
              if (!happening.ill) expect(record.failed).toHaveLength(failedBefore);
              break;
            case "power cut":
              boot += 1;
              record = atStart(record, `b${boot}`, SINCE);
              break;
            case "crash":
              record = atStart(record, `b${boot}`, SINCE);
              expect(record.trial).toBeUndefined();
              break;
            case "stop":
              record = atStart(interrupted(record), `b${boot}`, SINCE);
              expect(record.failed).toHaveLength(failedBefore);
              break;
          }
          // A power cut between any two of these leaves what was written: it must be readable.
          record = RemoteRecord.parse(JSON.parse(JSON.stringify(record)));
          const running = inForce(own, record);
          expect(record.failed.map(({ hash }) => hash)).not.toContain(running.hash);
          expect(record.trial?.begun ?? 0).toBeLessThanOrEqual(MOST_BEGINS);
          expect(record.settled?.version ?? 0).toBeGreaterThanOrEqual(highest);
          highest = record.settled?.version ?? 0;
        }
      }),
      { numRuns: 200 },
    );
  });
});
