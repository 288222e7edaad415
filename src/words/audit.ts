// The words of an audit: a setting was changed, or somebody tried to; what, by whom and by which way.
import { z } from "zod";

export const AuditData = z.object({
  what: z.string().describe("what was to be changed, for instance `config`"),
  by: z.string().max(200).describe("who asked, as they said; empty where it could not be read"),
  via: z.string().describe("by which way, for instance `mqtt`"),
  outcome: z.string().describe("of `config`: `trial`, `applied`, `refused` or `rolled-back`"),
  version: z.int().optional(),
  hash: z.string().optional(),
  reasons: z.array(z.string()).optional().describe("why it was refused or undone"),
});
