// Settings of fair play: which presses are not what they seem.
import { z } from "zod";

const presses = z.int().min(2).max(60);
const windowMs = z.int().min(100).max(600_000);

export const FairPlaySettings = z
  .strictObject({
    name: z.string().min(1).max(48).default("default").describe("name of these rules, said in each judgement"),
    version: z.int().min(1).default(1).describe("raise it whenever a value below changes"),
    repeatMs: windowMs
      .max(60_000)
      .default(2_000)
      .describe("the same button again within this time is a repeat, milliseconds"),
    sweep: z
      .strictObject({
        buttons: z.int().min(2).max(20).default(3).describe("so many different ratings on one pad"),
        withinMs: windowMs.default(4_000).describe("within this time, milliseconds"),
      })
      .prefault({})
      .describe("a hand that runs over the pad"),
    machineGun: z
      .strictObject({
        presses: presses.default(10).describe("more presses of one pad than this"),
        withinMs: windowMs.default(20_000).describe("within this time, milliseconds"),
      })
      .prefault({})
      .describe("more presses than there can be customers"),
    burst: z
      .strictObject({
        presses: presses.default(6).describe("more ratings of one value on one pad than this"),
        withinMs: windowMs.default(60_000).describe("within this time, milliseconds"),
      })
      .prefault({})
      .describe("one value again and again, such as the green button at closing time"),
    unattended: z
      .boolean()
      .default(true)
      .describe("judge presses while a live camera saw nobody in the zone, where the touchpoint has one"),
    aroundMs: windowMs
      .max(60_000)
      .default(5_000)
      .describe("somebody seen in the zone this long before a press may have pressed, milliseconds"),
  })
  .describe("fair play: presses are kept as they came, and judged by these rules");
export type FairPlaySettings = z.infer<typeof FairPlaySettings>;
