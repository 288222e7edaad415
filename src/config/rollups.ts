// Settings of rollups: which windows are told to the server.
import { z } from "zod";
import { ROLLUP_WINDOWS } from "../words/rollups.ts";

export const RollupConfig = z
  .strictObject({
    windows: z
      .array(z.enum(ROLLUP_WINDOWS))
      .default([...ROLLUP_WINDOWS])
      .describe("which windows are told, each when it is over and again when something later changed it; none: []"),
    leastPerShift: z
      .int()
      .min(2)
      .max(100)
      .default(5)
      .describe("answers below which nothing is told of a shift or a person"),
  })
  .describe("rollups: counts and figures of windows on the shop's own clock");
export type RollupConfig = z.infer<typeof RollupConfig>;
