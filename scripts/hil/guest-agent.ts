// Presses at a whole agent that runs beside this program in the guest, and watches its lamp answer each of them.
import { execFileSync } from "node:child_process";
import { DEBOUNCE_MS, LAMP, LINES, ORDER, press, result } from "./guest-pins.ts";
import { after, simulatedChip, until } from "./guest-rig.ts";

/** Presses twenty times once the agent holds the buttons' lines; the lamp must light after each and go out again. */
export async function pressAtAgent(): Promise<void> {
  const chip = simulatedChip(Object.values(LINES));
  for (const offset of Object.values(LINES)) chip.pull(offset, "up");
  const held = (): number => execFileSync("gpioinfo").toString().split('"gpiomon"').length - 1;
  const open = await until(() => held() === Object.keys(LINES).length, 60_000);
  // The lamp's line is taken once the buttons are.
  const ready = open && (await until(() => execFileSync("gpioinfo").includes('"gpioset"'), 30_000));
  if (!ready) return result("lamp answers each press", false, "the agent does not hold its lines");
  let lit = 0;
  for (const button of ORDER) {
    await press(chip, button);
    if (await until(() => chip.value(LAMP) === 1, 10_000)) lit += 1;
    await until(() => chip.value(LAMP) === 0, 10_000);
    await after(DEBOUNCE_MS);
  }
  result("lamp answers each press", lit === ORDER.length, `${lit} of ${ORDER.length}`);
}
