// The libgpiod driver over fake tools of both generations: presses, lamp, and each way the tools can fail.
import { describe, expect, test } from "vitest";
import { gpioPad } from "../../src/buttons/gpio.ts";
import { PadConfig } from "../../src/config/pads.ts";
import { fakeChip, withTools } from "../fakes/gpio-tools.ts";
import { runPad, until } from "./pin-rig.ts";

function pad(more: object = {}) {
  const base = { id: "p1", driver: "gpio", chip: "pinctrl-test", buttons: { good: 17, bad: "GPIO27" }, debounceMs: 1 };
  const config = PadConfig.parse({ ...base, ...more });
  if (config.driver !== "gpio") throw new Error("not gpio");
  return runPad(gpioPad(config));
}

describe.each([1, 2] as const)("libgpiod %i.x", (version) => {
  test("presses come with the kernel's time, by offset and by name", async () => {
    const chip = fakeChip(version);
    await withTools(chip, async () => {
      const running = pad();
      await until(() => running.port() !== undefined, "open");
      const openMs = performance.now();
      await until(() => performance.now() > openMs + 60, "some age");
      chip.edge(17, true, 40);
      chip.edge(17, false, 30);
      chip.edge(27, true, 20);
      const writtenMs = performance.now() + 1e6;
      await until(() => running.presses().length === 2, "two presses");
      expect(running.presses()).toEqual(["good", "bad"]);
      // The stamp counts, not the arrival.
      const [good = 0, bad = 0] = running.inputs.map((input) => ("atMs" in input ? input.atMs : 0));
      expect(good).toBeLessThanOrEqual(writtenMs - 40);
      expect(bad).toBeLessThanOrEqual(writtenMs - 20);
      expect(chip.monitorArgs()).toContain("--bias=pull-up --active-low");
      await running.stop();
      expect(await running.ended).toBeUndefined();
      expect(() => process.kill(chip.monitorPid(), 0)).toThrow();
    });
  });

  test("a button held at the start is no press; its next press is", async () => {
    const chip = fakeChip(version);
    chip.levels("1 0\n");
    await withTools(chip, async () => {
      const running = pad();
      await until(() => running.port() !== undefined, "open");
      const openMs = performance.now();
      await until(() => performance.now() > openMs + 40, "some age");
      chip.edge(17, false, 30);
      chip.edge(17, true, 10);
      await until(() => running.presses().length > 0, "a press");
      await running.stop();
      expect(running.presses()).toEqual(["good"]);
    });
  });

  test("lamp and beeper follow, and are low at the end", async () => {
    const chip = fakeChip(version);
    await withTools(chip, async () => {
      const running = pad({ lamp: 24, beeper: 25 });
      await until(() => running.port() !== undefined, "open");
      running.port()?.indicate("attention", "p1");
      await until(() => chip.sets().includes("24=1") && chip.sets().includes("25=1"), "both on");
      await until(() => chip.sets().lastIndexOf("25=0") > chip.sets().indexOf("25=1"), "the beep ends");
      await running.stop();
      running.port()?.indicate("error", "p1");
      expect(
        chip
          .sets()
          .filter((set) => set.startsWith("24"))
          .at(-1),
      ).toBe("24=0");
    });
  });

  test("gpiomon killed is GPIO_LOST, refused is GPIO_OPEN with its complaint, garbled is GPIO_LOST", async () => {
    const chip = fakeChip(version);
    await withTools(chip, async () => {
      const killed = pad();
      await until(() => killed.port() !== undefined, "open");
      process.kill(chip.monitorPid(), "SIGKILL");
      expect((await killed.ended)?.code).toBe("GPIO_LOST");

      const garbled = pad();
      await until(() => garbled.port() !== undefined, "open");
      chip.print("\u0000 what is this");
      expect((await garbled.ended)?.code).toBe("GPIO_LOST");

      chip.refuse("Device or resource busy");
      const refused = pad();
      const fault = await refused.ended;
      expect(fault?.code).toBe("GPIO_OPEN");
      expect(fault?.message).toContain("Device or resource busy");
    });
  });

  test.each([
    ["no such label", { chip: "nowhere" }, "labels here: other, pinctrl-test"],
    ["no such name", { buttons: { a: "GPIO99" } }, "no line GPIO99"],
    ["beyond the chip", { buttons: { a: 32 } }, "no line 32"],
    ["one line twice", { buttons: { a: 27, b: "GPIO27" } }, "line of its own"],
    ["no buttons", { buttons: {} }, "needs buttons"],
  ])("%s is GPIO_OPEN and says why", async (_name, more, why) => {
    const chip = fakeChip(version);
    await withTools(chip, async () => {
      const fault = await pad(more).ended;
      expect(fault?.code).toBe("GPIO_OPEN");
      expect(fault?.message).toContain(why);
    });
  });
});

test("without libgpiod's tools it is CHILD_MISSING", async () => {
  const before = process.env.PATH;
  process.env.PATH = "/nowhere";
  try {
    expect((await pad().ended)?.code).toBe("CHILD_MISSING");
  } finally {
    process.env.PATH = before;
  }
});
