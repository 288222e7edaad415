// Settings of who is told of alerts and of presence beside the broker.
import { z } from "zod";
import { filePath, hasNoLogin, id, NO_LOGIN } from "./fields.ts";
import { PresenceReceiver } from "./presence.ts";

const WebhookConfig = z
  .strictObject({
    id: id.describe("its name in health and log; the address itself is never logged"),
    url: z
      .url({ protocol: /^https?$/ })
      .refine(hasNoLogin, NO_LOGIN)
      .describe("http:// or https://; each change of an alert is POSTed there as JSON"),
    tokenFile: filePath.optional().describe("file that holds the bearer token and nothing else"),
    timeoutMs: z.int().min(100).max(60_000).default(10_000).describe("longest wait for an answer, milliseconds"),
    states: z
      .array(z.enum(["raised", "acknowledged", "resolved", "escalated"]))
      .min(1)
      .default(["raised", "acknowledged", "resolved", "escalated"])
      .describe("which changes are told"),
  })
  .describe("a receiver of alerts");
export type WebhookConfig = z.infer<typeof WebhookConfig>;

export const NotifySettings = z
  .strictObject({
    webhooks: z.array(WebhookConfig).max(8).default([]).describe("servers that are told of alerts"),
    presence: z
      .array(PresenceReceiver)
      .max(8)
      .default([])
      .describe("programs and servers that are told when somebody comes to a touchpoint and when all have left"),
  })
  .describe("who is told beside the broker");
export type NotifySettings = z.infer<typeof NotifySettings>;
