// Bad input devices: absent, or something that is no input device.
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Row, tryAll } from "./row.ts";
import { withFolder, withTill } from "./till.ts";

/** All of them beside each other on one till. */
export async function hidRows(): Promise<Row[]> {
  return await withFolder(async (folder) => {
    const truncated = join(folder, "truncated");
    const garbage = join(folder, "garbage");
    const directory = join(folder, "directory");
    // One and a half input events of 24 bytes, and a megabyte of anything.
    writeFileSync(truncated, Buffer.alloc(36, 1));
    writeFileSync(garbage, randomBytes(1_048_576));
    mkdirSync(directory);
    const devices = [
      { tried: "a device that is not there", id: "absent", device: "/dev/input/by-id/nobody" },
      { tried: "a directory", id: "directory", device: directory },
      { tried: "a file with one and a half events", id: "truncated", device: truncated },
      { tried: "a file with a megabyte of random bytes", id: "garbage", device: garbage },
      { tried: "/dev/null", id: "null", device: "/dev/null" },
      { tried: "/dev/zero, without end", id: "zero", device: "/dev/zero" },
    ];
    const pads = devices.map(({ id, device }) => ({ id, driver: "hid" as const, device }));
    return await withTill({ local: { pads } }, (till) =>
      tryAll(
        "HID",
        devices.map(({ tried, id }) => ({
          tried,
          expected: "HID_OPEN, tried again; buttons go on",
          run: async () => `${await till.degraded(`pad:${id}`)}, tried again; ${await till.buttonsGoOn()}`,
        })),
      ),
    );
  });
}
