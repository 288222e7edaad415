// Settings of the topic `config`: whether fleet settings may come by the broker, and how long they are on trial.
import { z } from "zod";

export const RemoteConfig = z
  .strictObject({
    accept: z
      .boolean()
      .default(true)
      .describe("false: `fleet` of this file holds, whatever came or comes by the broker"),
    trialS: z
      .int()
      .min(1)
      .max(3_600)
      .default(60)
      .describe("new settings are watched this long before they hold; then kept or rolled back, seconds"),
  })
  .describe("fleet settings that come by the broker: see docs/remote-config.md");
