// Bad configuration files: each is refused with its code, the path and the line of each mistake; none crashes anything.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfig, type Mistake } from "../../src/config/load.ts";
import { Fault, type FaultCode } from "../../src/words/errors.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "touchpoint-config-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GOOD = `version: 1
local:
  device: till-1
  site: shop
  pads:
    - { id: p1, driver: simulated }
  cameras:
    - id: cam
      source: { kind: scene }
fleet:
  touchpoints:
    - id: counter
      pads: [p1]
      question:
        id: visit
        buttons: { "1": 1, "4": 4 }
      zone:
        camera: cam
`;

/** GOOD with one line replaced, by its 1-based number. */
function withLine(number: number, text: string): string {
  const lines = GOOD.split("\n");
  lines[number - 1] = text;
  return lines.join("\n");
}

function refusal(content: string | Buffer): Fault {
  const file = join(folder, "touchpoint.yaml");
  writeFileSync(file, content);
  try {
    loadConfig(file);
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error("the file was accepted");
}

const mistakesOf = (fault: Fault): readonly Mistake[] => (fault.details.mistakes ?? []) as readonly Mistake[];

it("accepts the file that the bad ones are made from", () => {
  const file = join(folder, "good.yaml");
  writeFileSync(file, GOOD);
  expect(loadConfig(file).config.local.device).toBe("till-1");
});

describe("files that are no configuration", () => {
  const lol = `a: &a [x,x,x,x,x,x,x,x,x]
b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]
c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]
d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]
e: [*d,*d,*d,*d,*d,*d,*d,*d,*d]
`;
  const files: [string, string | Buffer, FaultCode][] = [
    ["an empty file", "", "CONFIG_INVALID"],
    ["only a comment", "# nothing yet\n", "CONFIG_INVALID"],
    ["a scalar", "hello", "CONFIG_INVALID"],
    ["a list", "- version: 1\n", "CONFIG_INVALID"],
    ["two documents", `${GOOD}---\n${GOOD}`, "CONFIG_SYNTAX"],
    ["binary", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0x02, 0xff, 0xfe, 0x00, 0x80]), "CONFIG_UNREADABLE"],
    ["UTF-16", Buffer.from(`\ufeff${GOOD}`, "utf16le"), "CONFIG_UNREADABLE"],
    ["Latin-1", Buffer.from(GOOD.replace("till-1", "kasa-ž1"), "latin1").fill(0xe9, 27, 28), "CONFIG_UNREADABLE"],
    ["a NUL byte", GOOD.replace("till-1", "till\0-1"), "CONFIG_INVALID"],
    ["more than 1 MiB", GOOD + "#".repeat(1_048_577), "CONFIG_UNREADABLE"],
    ["an alias bomb", lol, "CONFIG_SYNTAX"],
    ["tabs for indentation", GOOD.replace("  device", "\tdevice"), "CONFIG_SYNTAX"],
    ["an open bracket", withLine(13, "      pads: [p1"), "CONFIG_SYNTAX"],
    ["an open quote", withLine(3, '  device: "till-1'), "CONFIG_SYNTAX"],
    ["an unknown alias", withLine(3, "  device: *nobody"), "CONFIG_SYNTAX"],
    ["an unknown tag", withLine(3, "  device: !!js/function till-1"), "CONFIG_SYNTAX"],
  ];
  it.each(files)("%s is refused", (_name, content, code) => {
    const fault = refusal(content);
    expect(fault.code).toBe(code);
    expect(fault.kind).toBe("config");
  });

  it("a folder or a file that is not there is unreadable", () => {
    for (const file of [folder, join(folder, "none.yaml")])
      expect(() => loadConfig(file)).toThrow(expect.objectContaining({ code: "CONFIG_UNREADABLE" }));
  });

  it("a file cut anywhere is a configuration or a coded refusal, and refused while no touchpoint is named", () => {
    const file = join(folder, "cut.yaml");
    for (let end = 0; end < GOOD.length; end += 1) {
      writeFileSync(file, GOOD.slice(0, end));
      const load = (): unknown => loadConfig(file);
      if (end < GOOD.indexOf("counter")) expect(load).toThrow(Fault);
      else {
        try {
          load();
        } catch (thrown) {
          expect(thrown).toMatchObject({ kind: "config" });
        }
      }
    }
  });
});

describe("mistakes with their place", () => {
  const cases: [what: string, text: string, code: FaultCode, path: string, line: number][] = [
    ["an unknown key at the top", `${GOOD}colour: red\n`, "CONFIG_INVALID", "colour", 19],
    ["an unknown key inside", withLine(4, "  site: shop\n  sight: shop"), "CONFIG_INVALID", "local.sight", 5],
    [
      "an unknown key in a list",
      withLine(6, "    - { id: p1, driver: simulated, led: 3 }"),
      "CONFIG_INVALID",
      "local.pads[0].led",
      6,
    ],
    [
      "a model of age and sex for which nobody answers",
      withLine(4, "  site: shop\n  vision: { demographics: our-own }"),
      "CONFIG_INVALID",
      "local.vision.demographics",
      5,
    ],
    [
      "age and sex with no model for them",
      withLine(
        4,
        "  site: shop\n  privacy: { demographics: { purpose: who comes when, controller: Example Ltd, notice: door } }",
      ),
      "CONFIG_INVALID",
      "local.privacy.demographics",
      5,
    ],
    ["a duplicate key", withLine(4, "  site: shop\n  site: shop"), "CONFIG_SYNTAX", "", 5],
    ["another version", withLine(1, "version: 2"), "CONFIG_INVALID", "version", 1],
    ["a version as text", withLine(1, 'version: "1"'), "CONFIG_INVALID", "version", 1],
    ["a device with capitals", withLine(3, "  device: Till 1"), "CONFIG_INVALID", "local.device", 3],
    ["a device as number", withLine(3, "  device: 17"), "CONFIG_INVALID", "local.device", 3],
    ["a device too long", withLine(3, `  device: ${"a".repeat(49)}`), "CONFIG_INVALID", "local.device", 3],
    ["no device", withLine(3, "  # device"), "CONFIG_INVALID", "local.device", 2],
    ["no such time zone", withLine(4, "  site: shop\n  timezone: Europe/Wilno"), "CONFIG_INVALID", "local.timezone", 5],
    [
      "a pause button on a pad that is not there",
      withLine(9, "      source: { kind: scene }\n      pause: { pad: p9, button: privacy }"),
      "CONFIG_INVALID",
      "local.cameras[0].pause.pad",
      10,
    ],
    [
      "a pause button that rates too",
      withLine(9, '      source: { kind: scene }\n      pause: { pad: p1, button: "4" }'),
      "CONFIG_INVALID",
      "local.cameras[0].pause.button",
      10,
    ],
    [
      "a time of camera health that is none",
      withLine(9, "      source: { kind: scene }\n      health: { darkS: -1 }"),
      "CONFIG_INVALID",
      "local.cameras[0].health.darkS",
      10,
    ],
    [
      "an unknown driver",
      withLine(6, "    - { id: p1, driver: bluetooth }"),
      "CONFIG_INVALID",
      "local.pads[0].driver",
      6,
    ],
    ["pads as a map", withLine(6, "    p1: { driver: simulated }"), "CONFIG_INVALID", "local.pads", 5],
    [
      "a pad twice",
      withLine(6, "    - { id: p1, driver: simulated }\n    - { id: p1, driver: simulated }"),
      "CONFIG_INVALID",
      "local.pads[1].id",
      7,
    ],
    [
      "a camera twice",
      withLine(9, "      source: { kind: scene }\n    - { id: cam, source: { kind: scene } }"),
      "CONFIG_INVALID",
      "local.cameras[1].id",
      10,
    ],
    [
      "a camera by http",
      withLine(9, "      source: { kind: rtsp, url: 'http://x/' }"),
      "CONFIG_INVALID",
      "local.cameras[0].source.url",
      9,
    ],
    [
      "a width beyond range",
      withLine(9, "      source: { kind: scene }\n      width: 9999"),
      "CONFIG_INVALID",
      "local.cameras[0].width",
      10,
    ],
    [
      "not a number",
      withLine(9, "      source: { kind: scene }\n      fps: .nan"),
      "CONFIG_INVALID",
      "local.cameras[0].fps",
      10,
    ],
    [
      "no touchpoints",
      "version: 1\nlocal: { device: a, site: b }\nfleet:\n  touchpoints: []\n",
      "CONFIG_INVALID",
      "fleet.touchpoints",
      4,
    ],
    [
      "a pad nobody declared",
      withLine(13, "      pads: [p1, p2]"),
      "CONFIG_INVALID",
      "fleet.touchpoints[0].pads[1]",
      13,
    ],
    [
      "a pad that serves twice",
      withLine(13, "      pads: [p1, p1]"),
      "CONFIG_INVALID",
      "fleet.touchpoints[0].pads[1]",
      13,
    ],
    [
      "a camera nobody declared",
      withLine(18, "        camera: door"),
      "CONFIG_INVALID",
      "fleet.touchpoints[0].zone.camera",
      18,
    ],
    [
      "a value off the scale",
      withLine(16, '        buttons: { "1": 1, "9": 9 }'),
      "CONFIG_INVALID",
      "fleet.touchpoints[0].question.buttons.9",
      16,
    ],
    [
      "a scale upside down",
      withLine(16, "        min: 4\n        max: 1\n        buttons: {}"),
      "CONFIG_INVALID",
      "fleet.touchpoints[0].question.max",
      17,
    ],
    [
      "a zone of two corners",
      withLine(18, "        camera: cam\n        polygon: [[0, 0], [1, 1]]"),
      "CONFIG_INVALID",
      "fleet.touchpoints[0].zone.polygon",
      19,
    ],
    [
      "a corner outside",
      withLine(18, "        camera: cam\n        polygon: [[0, 0], [1, 1], [2, 0]]"),
      "CONFIG_INVALID",
      "fleet.touchpoints[0].zone.polygon[2][0]",
      19,
    ],
    [
      "a bad regular expression",
      withLine(6, "    - { id: p1, driver: serial, port: /dev/x, pattern: { line: '(' } }"),
      "CONFIG_INVALID",
      "local.pads[0].pattern.line",
      6,
    ],
    [
      "a certificate without key",
      withLine(4, "  site: shop\n  broker:\n    url: mqtts://b\n    certFile: /c"),
      "CONFIG_INVALID",
      "local.broker",
      5,
    ],
    [
      "a broker without scheme",
      withLine(4, "  site: shop\n  broker: { url: 'broker:1883' }"),
      "CONFIG_INVALID",
      "local.broker.url",
      5,
    ],
    [
      "emotion without a controller",
      withLine(4, "  site: shop\n  privacy:\n    emotion: { purpose: long enough text, notice: sign }"),
      "CONFIG_INVALID",
      "local.privacy.emotion.controller",
      6,
    ],
    [
      "a null where settings belong",
      withLine(18, "        camera: ~"),
      "CONFIG_INVALID",
      "fleet.touchpoints[0].zone.camera",
      18,
    ],
    [
      "presence without a zone",
      withLine(17, "      presence: {}").replace("\n        camera: cam\n", "\n"),
      "CONFIG_INVALID",
      "fleet.touchpoints[0].presence",
      17,
    ],
    [
      "a program that is told of presence nowhere",
      withLine(4, "  site: shop\n  notify:\n    presence:\n      - { id: a, kind: command, program: /bin/true }"),
      "CONFIG_INVALID",
      "local.notify.presence[0]",
      7,
    ],
    [
      "a program told of presence at a touchpoint without it",
      withLine(
        4,
        "  site: shop\n  notify:\n    presence:\n      - { id: a, kind: command, program: /bin/true, touchpoints: [till] }",
      ),
      "CONFIG_INVALID",
      "local.notify.presence[0].touchpoints[0]",
      7,
    ],
    [
      "a program without its full path",
      withLine(4, "  site: shop\n  notify:\n    presence:\n      - { id: a, kind: command, program: play }"),
      "CONFIG_INVALID",
      "local.notify.presence[0].program",
      7,
    ],
    [
      "a program in what a server may set",
      withLine(17, "      presence: { program: /bin/true }\n      zone:"),
      "CONFIG_INVALID",
      "fleet.touchpoints[0].presence.program",
      17,
    ],
    [
      "a zone for what its camera does not look for",
      withLine(18, "        camera: cam\n        by: face").replace("scene }", "scene }\n      detect: [person]"),
      "CONFIG_INVALID",
      "fleet.touchpoints[0].zone.by",
      20,
    ],
    [
      "a line whose persons its camera does not look for, though nobody wrote `by`",
      withLine(17, "      lines:\n        - { id: in, camera: cam, from: [0, 0], to: [1, 1] }\n      zone:").replace(
        "scene }",
        "scene }\n      detect: [face]",
      ),
      "CONFIG_INVALID",
      "fleet.touchpoints[0].lines[0].by",
      19,
    ],
    [
      "a queue of faces before a camera for persons",
      withLine(
        17,
        "      queue:\n        camera: cam\n        by: face\n        polygon: [[0, 0], [1, 0], [1, 1]]\n      zone:",
      ).replace("scene }", "scene }\n      detect: [person]"),
      "CONFIG_INVALID",
      "fleet.touchpoints[0].queue.by",
      20,
    ],
  ];
  it.each(cases)("%s", (_what, text, code, path, line) => {
    const fault = refusal(text);
    expect(fault.code).toBe(code);
    expect(mistakesOf(fault).map((mistake) => ({ path: mistake.path, line: mistake.line }))).toContainEqual({
      path,
      line,
    });
    for (const mistake of mistakesOf(fault)) expect(mistake.message).not.toBe("");
  });

  it("a login inside an address is refused, and not repeated", () => {
    for (const text of [
      withLine(4, "  site: shop\n  broker: { url: 'mqtts://till:hunter2@broker' }"),
      withLine(9, "      source: { kind: rtsp, url: 'rtsp://viewer:hunter2@cam/1' }"),
    ]) {
      const fault = refusal(text);
      expect(mistakesOf(fault)[0]?.path).toMatch(/url$/);
      expect(JSON.stringify([fault.message, fault.details])).not.toContain("hunter2");
    }
  });

  it("names every mistake, not only the first", () => {
    const text = withLine(3, "  device: Till 1")
      .replace("site: shop", "site: The Shop")
      .replace("camera: cam", "kamera: cam");
    expect(
      mistakesOf(refusal(text))
        .map(({ path }) => path)
        .sort(),
    ).toEqual(["fleet.touchpoints[0].zone.camera", "fleet.touchpoints[0].zone.kamera", "local.device", "local.site"]);
  });

  it("does not mistake __proto__ for a setting", () => {
    const fault = refusal(`${GOOD}__proto__: { polluted: true }\n`);
    expect(fault.kind).toBe("config");
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});
