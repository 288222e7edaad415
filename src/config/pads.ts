// Settings of pads: serial lines, GPIO by libgpiod or sysfs, USB keypads and readers, simulated ones.
import { z } from "zod";
import { filePath, id, milliseconds } from "./fields.ts";

const serialPad = z
  .strictObject({
    id,
    driver: z.literal("serial"),
    port: filePath.describe("path of the port, best below /dev/serial/by-id"),
    baud: z.int().min(1200).max(1_000_000).default(115_200).describe("bits per second, 8N1"),
    pads: z
      .record(z.string().min(1).max(16), id)
      .optional()
      .describe("pad names on the wire → ids here; without it any pad on this port is taken as this one"),
    pattern: z
      .strictObject({
        line: z
          .string()
          .describe("regular expression over one line; group `button` names the button, `scan` a code read"),
        buttons: z.record(z.string(), z.string()).optional().describe("what the line calls a button → its name here"),
      })
      .optional()
      .describe("reads pads of other makers; without it the port speaks the contract's protocol"),
  })
  .describe("a pad on a serial line");

const line = z.union([z.int().min(0), z.string().min(1)]).describe("line offset on the chip, or line name");
const edges = {
  activeLow: z.boolean().default(true).describe("true where pressing connects the line to ground"),
  debounceMs: milliseconds.default(20).describe("the level must be stable this long"),
  stuckMs: milliseconds.default(30_000).describe("held longer than this is stuck"),
};

const gpioPad = z
  .strictObject({
    id,
    driver: z.literal("gpio"),
    chip: z.string().min(1).describe("chip label such as pinctrl-rp1; its number moves between kernels"),
    buttons: z.record(z.string(), line).describe("button name → line"),
    lamp: line.optional().describe("line of a lamp, by offset or name"),
    beeper: line.optional().describe("line of a beeper, by offset or name"),
    bias: z
      .enum(["pull-up", "pull-down", "disabled", "as-is"])
      .default("pull-up")
      .describe("resistor inside the chip; `as-is` leaves what the boot loader set"),
    ...edges,
  })
  .describe("buttons on GPIO lines through libgpiod");

const onoffPad = z
  .strictObject({
    id,
    driver: z.literal("onoff"),
    chip: z.string().min(1).describe("chip label; its base is added to each offset"),
    buttons: z.record(z.string(), z.int().min(0)).describe("button name → line offset on the chip"),
    lamp: z.int().min(0).optional().describe("line offset of a lamp"),
    beeper: z.int().min(0).optional().describe("line offset of a beeper"),
    ...edges,
  })
  .describe("buttons on GPIO lines through sysfs, for kernels that still have it");

const hidPad = z
  .strictObject({
    id,
    driver: z.literal("hid"),
    device: filePath.describe("path below /dev/input/by-id, or /dev/input/eventN"),
    mode: z
      .enum(["keypad", "wedge"])
      .default("keypad")
      .describe("keypad: each key is a button; wedge: keys up to Enter are one code"),
    buttons: z.record(z.string(), z.string()).default({}).describe("key name such as KEY_1 → button name"),
    debounceMs: edges.debounceMs,
    stuckMs: edges.stuckMs,
  })
  .describe("a USB keypad or keyboard-wedge reader");

const simulatedPad = z
  .strictObject({ id, driver: z.literal("simulated") })
  .describe("a pad pressed by software: demo, page, tests");

export const PadConfig = z.discriminatedUnion("driver", [serialPad, gpioPad, onoffPad, hidPad, simulatedPad]);
export type PadConfig = z.infer<typeof PadConfig>;
