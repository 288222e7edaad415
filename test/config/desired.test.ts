// What comes on `config`: taken, refused with every reason, or nothing new; privacy is never widened.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, settingsHash } from "../../src/config/canonical.ts";
import { judgeDesired, MAX_BYTES } from "../../src/config/desired.ts";
import { HARMLESS, NARROWED, widened } from "../../src/config/privacy-ceiling.ts";
import { NO_RECORD } from "../../src/config/remote-record.ts";
import { Config, type ConfigInput } from "../../src/config/schema.ts";
import { fleetFields } from "./fleet-fields.ts";

type Fleet = ConfigInput["fleet"];
type Touchpoint = Fleet["touchpoints"][number];

const question = { id: "visit", buttons: { "1": 1, "4": 4 } };
const touchpoint = (more: Partial<Touchpoint> = {}): Touchpoint => ({ id: "till", pads: ["p1"], question, ...more });
const CAMERAS = ["till", "door"].map((id) => ({ id, source: { kind: "scene" as const } }));
const fleet = (more: Partial<Fleet> = {}): Fleet => ({ touchpoints: [touchpoint()], ...more });
const own = (settings: Fleet = fleet()): Config =>
  Config.parse({
    version: 1,
    local: { device: "till-1", site: "shop", cameras: CAMERAS, pads: [{ id: "p1", driver: "simulated" }] },
    fleet: settings,
  });

const wanted = (settings: unknown, more: object = {}): Buffer =>
  Buffer.from(JSON.stringify({ version: 2, hash: settingsHash(settings), by: "ops", fleet: settings, ...more }));

function reasons(payload: Buffer, record = NO_RECORD, config = own()): readonly string[] {
  const judged = judgeDesired(payload, record, config);
  return judged.do === "refuse" ? judged.reasons : [judged.do];
}

describe("the canonical form", () => {
  it("is that of the examples in RFC 8785", () => {
    // Section 3.2.2 with 3.2.3: literals, numbers, strings, and members in the order of UTF-16 code units.
    const value = JSON.parse(
      String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
    );
    expect(canonicalJson(value)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
    const names = JSON.parse(
      String.raw`{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}`,
    ) as Record<string, number>;
    expect(Object.values(JSON.parse(canonicalJson(names)) as object)).toHaveLength(7);
    expect([...canonicalJson(names).matchAll(/:(\d)/g)].map(([, n]) => n)).toEqual(["2", "4", "6", "7", "1", "5", "3"]);
  });

  it("does not depend on the order of members, and means the same", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const turned = (one: unknown): unknown =>
          one === null || typeof one !== "object"
            ? one
            : Array.isArray(one)
              ? one.map(turned)
              : Object.fromEntries(
                  Object.entries(one)
                    .reverse()
                    .map(([name, inner]) => [name, turned(inner)]),
                );
        const real = JSON.parse(JSON.stringify(value));
        expect(canonicalJson(turned(real))).toBe(canonicalJson(real));
        expect(JSON.parse(canonicalJson(real))).toEqual(real);
      }),
    );
  });
});

describe("a document", () => {
  it("that is good is to be tried, with the device's own local part", () => {
    const judged = judgeDesired(wanted(fleet({ mood: { k: 9 } })), NO_RECORD, own());
    expect(judged).toMatchObject({ do: "try", desired: { version: 2 }, config: { fleet: { mood: { k: 9 } } } });
    expect(judged.do === "try" && judged.config.local).toEqual(own().local);
  });

  it.each([
    ["no JSON", Buffer.from("{"), ["it is no JSON in UTF-8"]],
    ["bytes that are no UTF-8", Buffer.from([0x22, 0xff, 0x22]), ["it is no JSON in UTF-8"]],
    ["a list", Buffer.from("[]"), [expect.stringContaining("expected object")]],
    [
      "nothing needed in it",
      Buffer.from("{}"),
      ["version", "hash", "by", "fleet"].map((f) => expect.stringContaining(f)),
    ],
    ["too large", wanted(fleet(), { padding: "x".repeat(MAX_BYTES) }), [expect.stringContaining("more than 131072")]],
    ["the hash of other settings", wanted(fleet(), { hash: "0".repeat(64) }), [expect.stringMatching(/^hash: /)]],
    ["local settings", wanted({ ...fleet(), local: {} }), ["fleet.local: unknown key"]],
    [
      "a pad and a camera that are not there, and a wrong type",
      wanted(fleet({ touchpoints: [touchpoint({ pads: ["p9"], zone: { camera: "c1" } })], mood: { k: "9" } as never })),
      [expect.stringContaining("fleet.mood.k: ")],
    ],
    [
      "a pad and a camera that are not there",
      wanted(fleet({ touchpoints: [touchpoint({ pads: ["p9"], zone: { camera: "c1" } })] })),
      [
        'fleet.touchpoints[0].pads[0]: no pad "p9" under local.pads',
        'fleet.touchpoints[0].zone.camera: no camera "c1" under local.cameras',
      ],
    ],
    [
      "nested by thousands",
      Buffer.from(
        wanted({})
          .toString()
          .replace("{}", `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`),
      ),
      ["fleet.touchpoints: is missing", "fleet.a: unknown key"],
    ],
  ] as const)("with %s is refused with its reasons", (_, payload, expected) => {
    expect(reasons(payload)).toEqual(expected);
  });

  it("that is the same, or empty, changes nothing; one that is older is refused", () => {
    const settled = JSON.parse(wanted(fleet()).toString());
    const record = { ...NO_RECORD, settled };
    expect(reasons(wanted(fleet()), record)).toEqual(["nothing"]);
    expect(reasons(wanted(fleet(), { version: 9 }), record)).toEqual(["nothing"]);
    expect(reasons(Buffer.alloc(0), record)).toEqual(["nothing"]);
    const other = fleet({ mood: { k: 9 } });
    expect(reasons(wanted(other, { version: 1 }), record)).toEqual([
      expect.stringMatching(/^version: 1 is not above 2/),
    ]);
    expect(reasons(wanted(other, { version: 2 }), record)).toEqual([
      expect.stringMatching(/^version: 2 is not above 2/),
    ]);
    expect(reasons(wanted(other, { version: 3 }), record)).toEqual(["try"]);
  });

  it("that failed is not tried again, whatever its version", () => {
    const settings = fleet({ mood: { k: 9 } });
    const record = { ...NO_RECORD, failed: [{ hash: settingsHash(settings), reasons: ["camera:c1 was healthy"] }] };
    expect(reasons(wanted(settings, { version: 99 }), record)).toEqual([
      "these settings were rolled back before and are not tried again",
      "camera:c1 was healthy",
    ]);
  });

  it("never has its values repeated in reasons, and many mistakes are summed up", () => {
    const secret = "hunter2";
    const bad = { ...fleet(), mood: { k: secret }, alerts: { rules: [{ kind: "rating", id: secret.toUpperCase() }] } };
    expect(reasons(wanted(bad)).join("\n")).not.toMatch(new RegExp(secret, "i"));
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`no-${i}`, 1]));
    const said = reasons(wanted({ ...fleet(), ...many }));
    expect(said).toHaveLength(21);
    expect(said.at(-1)).toBe("and 480 more");
  });
});

describe("privacy", () => {
  it("is judged for every setting of the part fleet, new ones included", () => {
    const harmless = Object.entries(HARMLESS).flatMap(([parent, names]) =>
      names.split(" ").map((name) => (parent === "" ? name : `${parent}.${name}`)),
    );
    const judged = new Set([...harmless, ...Object.keys(NARROWED)]);
    const covers = (path: string): boolean =>
      judged.has(path) || Object.keys(NARROWED).some((whole) => path.startsWith(`${whole}[]`));
    expect(fleetFields().filter((path) => !covers(path))).toEqual([]);
    // What is judged is there, so that no entry outlives its setting.
    const fields = fleetFields();
    expect(
      [...judged].filter((path) => !fields.some((field) => field === path || field.startsWith(`${path}[]`))),
    ).toEqual([]);
    expect(harmless.filter((path) => path in NARROWED)).toEqual([]);
  });

  const STAFF = {
    camera: "till",
    polygon: [
      [0, 0],
      [0.2, 0],
      [0.2, 1],
    ] as [number, number][],
  };
  const scans = [{ kind: "customer" as const, pattern: "^9[0-9]{12}$" }];
  const same = { customerBeforeS: 60, scans, badges: { "77": "anna", "78": "ben" } };
  const file = fleet({
    mood: { k: 5 },
    rollups: { leastPerShift: 6 },
    tracking: { bridgeMs: 1_000 },
    touchpoints: [
      touchpoint({
        context: { customerBeforeS: 60, scans, badges: { "77": "anna", "78": "ben" } },
        staffZones: [STAFF],
      }),
    ],
  });
  const staff = (staffZones: Touchpoint["staffZones"]): Partial<Fleet> => ({
    touchpoints: [touchpoint({ context: same, staffZones })],
  });
  const context = (more: Touchpoint["context"]): Partial<Fleet> => ({
    touchpoints: [touchpoint({ context: more, staffZones: [STAFF] })],
  });

  it.each([
    ["as it is", {}, undefined],
    ["k higher", { mood: { k: 6 } }, undefined],
    ["k lower", { mood: { k: 4 } }, "mood.k"],
    ["k left out, which is the default", { mood: {} }, undefined],
    ["shifts of more people", { rollups: { leastPerShift: 7 } }, undefined],
    ["shifts of fewer, by default", { rollups: {} }, "rollups.leastPerShift"],
    ["people followed for longer", { tracking: { bridgeMs: 1_001 } }, "tracking.bridgeMs"],
    ["customers known for longer", context({ ...same, customerBeforeS: 61 }), "touchpoints[0].context.customerBeforeS"],
    ["customers known for less", context({ ...same, customerBeforeS: 0 }), undefined],
    ["one badge less", context({ ...same, badges: { "77": "anna" } }), undefined],
    ["a badge more", context({ ...same, badges: { "77": "anna", "79": "eve" } }), "touchpoints[0].context.badges"],
    ["a badge of another name", context({ ...same, badges: { "77": "Anna Smith" } }), "touchpoints[0].context.badges"],
    ["a staff zone less", staff([]), "touchpoints[0].staffZones"],
    ["a staff zone moved", staff([{ ...STAFF, camera: "door" }]), "touchpoints[0].staffZones"],
    ["a staff zone more", staff([{ ...STAFF, camera: "door" }, STAFF]), undefined],
    ["no codes read", context({ ...same, scans: [] }), undefined],
    [
      "customers' cards read as sales",
      context({ ...same, scans: [{ kind: "transaction", pattern: ".*" }] }),
      "touchpoints[0].context.scans",
    ],
    [
      "a touchpoint under a new name, with defaults",
      { touchpoints: [touchpoint({ id: "till-2", staffZones: [STAFF] })] },
      "touchpoints[0].context.customerBeforeS",
    ],
  ] as [string, Partial<Fleet>, string | undefined][])("%s", (_, change, where) => {
    const wider = widened(own(file).fleet, own({ ...file, ...change }).fleet).map(({ path }) => path);
    expect(wider).toEqual(where === undefined ? [] : [where]);
  });

  it("what is accepted is never wider than the file, whatever is sent", () => {
    const settings = fc.record({ k: fc.integer({ min: 2, max: 100 }), least: fc.integer({ min: 2, max: 100 }) });
    fc.assert(
      fc.property(settings, settings, (mine, theirs) => {
        const as = ({ k, least }: typeof mine): Fleet => fleet({ mood: { k }, rollups: { leastPerShift: least } });
        const judged = judgeDesired(wanted(as(theirs)), NO_RECORD, own(as(mine)));
        expect(judged.do).toBe(theirs.k >= mine.k && theirs.least >= mine.least ? "try" : "refuse");
      }),
    );
  });
});
