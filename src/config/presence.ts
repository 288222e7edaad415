// Settings of presence for advertising control: its debounce at a touchpoint, and who on this device or beside it is told.
import { z } from "zod";
import { filePath, hasNoLogin, id, NO_LOGIN } from "./fields.ts";

const debounce = z.int().min(0).max(60_000);

export const PresenceConfig = z
  .strictObject({
    enterMs: debounce
      .default(0)
      .describe(
        "somebody must be there this long, in half of the frames at least, before it is said; 0: the first frame says it",
      ),
    leaveMs: debounce.default(2_000).describe("no frame of this long may have seen anybody before it is said"),
  })
  .describe("a state for screens and players: whether anybody is in the zone now; sooner and less sure than a contact");
export type PresenceConfig = z.infer<typeof PresenceConfig>;

const receiver = {
  id: id.describe("its name in health and log"),
  touchpoints: z.array(id).max(100).default([]).describe("only these; none: every touchpoint that has `presence`"),
  timeoutMs: z.int().min(100).max(10_000).default(2_000).describe("longest time it may take, milliseconds"),
};

/** Only on the device: a server that may set touchpoints must not be able to start programs. */
export const PresenceReceiver = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("command"),
    ...receiver,
    program: filePath.regex(/^\//, "give the full path").describe("full path; started without a shell"),
    args: z.array(z.string().max(1_000)).max(50).default([]).describe("its arguments, as they are"),
  }),
  z.strictObject({
    kind: z.literal("http"),
    ...receiver,
    url: z
      .url({ protocol: /^https?$/ })
      .refine(hasNoLogin, NO_LOGIN)
      .describe("http:// or https://; each change is POSTed there as JSON"),
    tokenFile: filePath.optional().describe("file that holds the bearer token and nothing else"),
  }),
]);
export type PresenceReceiver = z.infer<typeof PresenceReceiver>;

interface Place {
  readonly id: string;
  readonly zone?: unknown;
  readonly presence?: PresenceConfig | undefined;
}

/** Mistakes that no single field shows. */
export function checkPresence(
  touchpoints: readonly Place[],
  receivers: readonly PresenceReceiver[],
  mistake: (path: (string | number)[], message: string) => void,
): void {
  touchpoints.forEach(({ zone, presence }, i) => {
    if (presence !== undefined && zone === undefined)
      mistake(["fleet", "touchpoints", i, "presence"], "needs a `zone`: presence is of somebody in it");
  });
  const able = new Set(touchpoints.flatMap(({ id: name, presence }) => (presence === undefined ? [] : [name])));
  receivers.forEach((one, i) => {
    const at = ["local", "notify", "presence", i];
    if (receivers.findIndex((other) => other.id === one.id) !== i) mistake([...at, "id"], `"${one.id}" is used twice`);
    if (able.size === 0) mistake(at, "no touchpoint has `presence`: nothing would ever be told");
    one.touchpoints.forEach((name, j) => {
      if (!able.has(name)) mistake([...at, "touchpoints", j], `no touchpoint "${name}" with \`presence\``);
    });
  });
}
