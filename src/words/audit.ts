// The words of an audit: a setting was changed while the agent ran, or somebody tried to; what, by whom and by which way.
import { z } from "zod";

export const AuditData = z.object({
  action: z.enum(["camera.pause", "camera.resume", "config"]),
  target: z.string().describe("what it was done to: a stage such as camera:door; of `config`, `fleet`"),
  by: z
    .string()
    .max(200)
    .describe(
      "who did it, as they said; of a pause that ended by itself, who had set its time; empty where unreadable",
    ),
  via: z.enum(["mqtt", "http", "button", "timer"]),
  minutes: z.int().min(1).optional().describe("how long a pause is to last; absent: until it is lifted"),
  paused: z
    .boolean()
    .optional()
    .describe("of a camera, whether it is paused after it: somebody else's pause may still hold"),
  outcome: z.enum(["trial", "applied", "refused", "rolled-back"]).optional().describe("what became of fleet settings"),
  version: z.int().optional().describe("of those settings"),
  hash: z.string().optional().describe("of those settings"),
  reasons: z.array(z.string()).optional().describe("why they were refused or undone"),
});
