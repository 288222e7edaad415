// The guided first configuration: what it writes is accepted, and a file that is there is not lost.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findDevices } from "../../src/config/found.ts";
import { type Answers, asId, firstConfig } from "../../src/config/init.ts";
import { keepConfig } from "../../src/config/keep.ts";
import { parseConfig } from "../../src/config/load.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "touchpoint-init-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const PLAIN: Answers = { device: "till-1", site: "shop", timezone: "UTC", question: "How was it?", buttons: 4 };

describe("the text", () => {
  it("has a simulated pad where no real one is named, and no camera", () => {
    const config = parseConfig(firstConfig(PLAIN), "text");
    expect(config.local.pads).toEqual([{ id: "p1", driver: "simulated" }]);
    expect(config.local.cameras).toEqual([]);
    expect(config.local.privacy.emotion).toBeUndefined();
    expect(config.fleet.touchpoints[0]?.question?.buttons).toEqual({ "1": 1, "2": 2, "3": 3, "4": 4 });
  });

  it("holds every answer as it was given, whatever is in it", () => {
    const words = fc.string({ minLength: 1, maxLength: 60, unit: "grapheme" });
    fc.assert(
      fc.property(
        words,
        words,
        words,
        words,
        fc.integer({ min: 2, max: 10 }),
        (question, port, camera, secret, buttons) => {
          const text = firstConfig({
            ...PLAIN,
            question,
            buttons,
            serialPort: port,
            camera,
            broker: { url: "mqtts://broker.example:8883", username: "till-1", passwordFile: secret },
          });
          const { local, fleet } = parseConfig(text, "text");
          expect(fleet.touchpoints[0]?.question?.text).toBe(question);
          expect(Object.keys(fleet.touchpoints[0]?.question?.buttons ?? {})).toHaveLength(buttons);
          expect(local.pads[0]).toMatchObject({ driver: "serial", port });
          expect(local.cameras[0]?.source).toEqual({ kind: "v4l2", device: camera });
          expect(local.broker?.passwordFile).toBe(secret);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("is refused where the agent would refuse it", () => {
    expect(() => firstConfig({ ...PLAIN, device: "Till 1" })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
    expect(() => firstConfig({ ...PLAIN, timezone: "Mars" })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  });

  it("makes names out of host names", () => {
    expect(asId("Till_03.shop.Example")).toBe("till-03-shop-example");
    expect(asId("--ž--")).toBe("");
    expect(asId("a".repeat(60))).toHaveLength(48);
  });
});

describe("the file", () => {
  it("is readable by its owner only, and nothing else is left beside it", () => {
    const file = join(folder, "touchpoint.yaml");
    keepConfig(file, "version: 1\n", false);
    expect(readFileSync(file, "utf8")).toBe("version: 1\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["touchpoint.yaml"]);
  });

  it("is not written over without force, and wholly replaced with it", () => {
    const file = join(folder, "touchpoint.yaml");
    writeFileSync(file, "mine, and longer than what comes\n");
    expect(() => keepConfig(file, "new\n", false)).toThrow(expect.objectContaining({ code: "CONFIG_EXISTS" }));
    expect(readFileSync(file, "utf8")).toBe("mine, and longer than what comes\n");
    keepConfig(file, "new\n", true);
    expect(readFileSync(file, "utf8")).toBe("new\n");
    expect(readdirSync(folder)).toEqual(["touchpoint.yaml"]);
  });

  it("does not follow a link that stands in its place", () => {
    const target = join(folder, "target");
    const file = join(folder, "touchpoint.yaml");
    symlinkSync(target, file);
    expect(() => keepConfig(file, "new\n", false)).toThrow(expect.objectContaining({ code: "CONFIG_EXISTS" }));
    expect(existsSync(target)).toBe(false);
  });

  it("cannot be written into a folder that is not there", () => {
    expect(() => keepConfig(join(folder, "none", "touchpoint.yaml"), "x", false)).toThrow(
      expect.objectContaining({ code: "CONFIG_WRITE" }),
    );
  });
});

it("finds pads and cameras by names that stay", () => {
  for (const path of ["serial/by-id", "v4l/by-id"]) mkdirSync(join(folder, path), { recursive: true });
  for (const node of ["serial/by-id/usb-Pad-if00", "v4l/by-id/usb-Cam-video-index0", "v4l/by-id/usb-Cam-video-index1"])
    writeFileSync(join(folder, node), "");
  expect(findDevices(folder)).toEqual({
    serialPorts: [join(folder, "serial/by-id/usb-Pad-if00")],
    cameras: [join(folder, "v4l/by-id/usb-Cam-video-index0")],
  });
  expect(findDevices(join(folder, "nothing"))).toEqual({ serialPorts: [], cameras: [] });
});
