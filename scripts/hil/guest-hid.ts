// The trials of the hid driver inside the guest: it only listens; keys and plugs are the host's to work.
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hidPad } from "../../src/buttons/hid.ts";
import { PadConfig } from "../../src/config/pads.ts";
import { keep, until } from "./guest-rig.ts";

const BY_ID = "/dev/input/by-id";

/** Path of the USB keyboard by its id; the same after it was plugged in again. */
function keyboard(): string | undefined {
  try {
    const name = readdirSync(BY_ID).find((entry) => /^usb-.*-event-kbd$/.test(entry));
    return name === undefined ? undefined : join(BY_ID, name);
  } catch {
    return undefined;
  }
}

/** Listens until standard input ends; writes its process id to `pidFile` so that the host can end it. */
export async function listenHid(mode: "keypad" | "wedge", pidFile: string): Promise<void> {
  await until(() => keyboard() !== undefined, 60_000);
  const config = PadConfig.parse({
    id: "hil",
    driver: "hid",
    device: keyboard() ?? join(BY_ID, "absent"),
    mode,
    buttons: mode === "keypad" ? { KEY_1: "1", KEY_2: "2", KEY_3: "3", KEY_4: "4" } : {},
  });
  if (config.driver !== "hid") throw new Error("not a hid pad");
  const pad = keep(hidPad(config), "HID_LOST");
  writeFileSync(pidFile, String(process.pid));
  await new Promise<void>((resolve) => process.once("SIGTERM", () => resolve()));
  await pad.stop();
}
