// The words of an audit: a setting was changed or a command given while the agent ran, or somebody tried to; by whom, how.
import { z } from "zod";

export const AuditData = z.object({
  action: z.enum(["camera.pause", "camera.resume", "config", "command"]),
  target: z
    .string()
    .describe("what it was done to: a stage such as camera:door; of `config`, `fleet`; of `command`, its name"),
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
  outcome: z
    .enum(["trial", "applied", "refused", "rolled-back", "run", "failed"])
    .optional()
    .describe(
      "what became of fleet settings or of a command; `run`: it was about to be, `failed` follows where it did",
    ),
  version: z.int().optional().describe("of those settings"),
  hash: z.string().optional().describe("of those settings"),
  reasons: z
    .array(z.string())
    .optional()
    .describe("why they were refused or undone; of a command, the `reason` of its reply"),
  command: z.string().optional().describe("id of the command"),
  proved: z.boolean().optional().describe("of a command that was run, whether a signature proved who gave it"),
  count: z
    .int()
    .min(1)
    .optional()
    .describe("of refused commands, so many of one reason within a minute; what else is said is of the last"),
});
export type AuditData = z.infer<typeof AuditData>;
