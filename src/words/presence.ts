// The word on whether anybody is there, for screens and players: a state of now, no event and no evidence.
import { z } from "zod";
import { instant } from "./instant.ts";

/** What `state/presence/{touchpoint}` says. It tells a screen what it needs and nothing of who is there. */
export const Presence = z.object({
  occupied: z.boolean().nullable().describe("null: nobody can say, because no camera looks"),
  people: z.int().min(0).nullable().describe("how many, flicker left out; null where nobody can say"),
  since: instant.describe("arrival of the first frame that saw it so"),
  time: instant.describe("arrival of the frame that this word rests on"),
  validUntil: instant.describe("where nothing newer came by then, nobody can say any more"),
  clock: z
    .enum(["synced", "unsynced"])
    .describe("unsynced: no time source vouches for these times; only their differences hold"),
});
export type Presence = z.infer<typeof Presence>;
