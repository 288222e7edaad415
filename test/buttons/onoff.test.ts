// The sysfs driver where there is no sysfs GPIO: finding a chip's base, and failing in words. Presses: scripts/hil.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { chipBase, onoffPad } from "../../src/buttons/onoff.ts";
import { PadConfig } from "../../src/config/pads.ts";
import { Fault } from "../../src/words/errors.ts";
import { runPad } from "./pin-rig.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sysfs-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function chip(name: string, label: string, base: number, lines: number): void {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, "label"), `${label}\n`);
  writeFileSync(join(folder, name, "base"), `${base}\n`);
  writeFileSync(join(folder, name, "ngpio"), `${lines}\n`);
}

function faultOf(work: () => unknown): Fault {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
  }
  throw new Error("no fault");
}

test("a chip's base is found by its label", () => {
  chip("gpiochip512", "pinctrl-bcm2711", 512, 58);
  chip("gpiochip571", "pinctrl-rp1", 571, 54);
  mkdirSync(join(folder, "gpio589"));
  writeFileSync(join(folder, "export"), "");
  expect(chipBase(folder, "pinctrl-rp1")).toEqual({ base: 571, lines: 54 });
});

test("no such label, the same label twice, and no sysfs at all are ONOFF_OPEN", () => {
  chip("gpiochip512", "a", 512, 8);
  chip("gpiochip520", "a", 520, 8);
  expect(faultOf(() => chipBase(folder, "b"))).toMatchObject({ code: "ONOFF_OPEN" });
  expect(faultOf(() => chipBase(folder, "b")).message).toContain("labels here: a, a");
  expect(faultOf(() => chipBase(folder, "a")).message).toContain("2 chips are labelled a");
  expect(faultOf(() => chipBase(join(folder, "none"), "a")).message).toContain("sysfs GPIO cannot be read");
});

test("a line beyond the chip is refused before anything is exported", async () => {
  chip("gpiochip512", "a", 512, 8);
  const config = PadConfig.parse({ id: "p1", driver: "onoff", chip: "a", buttons: { x: 8 } });
  if (config.driver !== "onoff") throw new Error("not onoff");
  const fault = await runPad(onoffPad(config, folder)).ended;
  expect(fault?.code).toBe("ONOFF_OPEN");
  expect(fault?.message).toContain("no line 8");
});
