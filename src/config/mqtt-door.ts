// Settings of the local MQTT door: a broker of the shop through which tills, queue systems and screens speak.
import { z } from "zod";
import { filePath, hasNoLogin, id, NO_LOGIN } from "./fields.ts";

export const MqttDoorConfig = z
  .strictObject({
    url: z
      .url({ protocol: /^mqtts?$/ })
      .refine(hasNoLogin, NO_LOGIN)
      .describe("mqtt:// or mqtts:// of a broker on this device or in the shop, without user and password"),
    prefix: z
      .string()
      .regex(/^[^+#\s$][^+#\s]*[^+#/\s]$/)
      .default("touchpoint/local")
      .describe("requests come in below `{prefix}/in`, answers go out below `{prefix}/out`"),
    username: z.string().min(1).optional().describe("without it the device name"),
    passwordFile: filePath.describe("file that holds the password and nothing else; a door has a lock"),
    caFile: filePath.optional().describe("PEM file of the authorities to trust; without it the system's"),
    clientId: id.optional().describe("without it the device name and `-door`"),
    keepaliveS: z.int().min(5).max(3600).default(30).describe("seconds between signs of life, by MQTT"),
    protocol: z.enum(["auto", "5", "3.1.1"]).default("auto").describe("auto: MQTT 5, falling back to 3.1.1"),
  })
  .describe("the local MQTT door; off while absent");
export type MqttDoorConfig = z.infer<typeof MqttDoorConfig>;
