// Settings of alerts: the rules that raise them, and who may see to them.
import { z } from "zod";
import { id } from "./fields.ts";

/** Longest time a rule looks back, seconds. */
const DAY_S = 86_400;
const withinS = z.int().min(1).max(DAY_S).describe("how far back ratings are looked at, seconds");
const atOrBelow = z.number().describe("a rating of this value or less is bad");
const ratingsNeeded = z.int().min(1).max(500);

const common = {
  id,
  touchpoints: z.array(id).min(1).optional().describe("ids of the touchpoints it watches; without it all"),
  escalateAfterS: z
    .int()
    .min(1)
    .max(7 * DAY_S)
    .optional()
    .describe("not acknowledged for so long after it was raised: escalated, seconds; without it never"),
  resolveWithinS: z
    .int()
    .min(1)
    .max(30 * DAY_S)
    .optional()
    .describe("not resolved for so long after it was raised: escalated (again), seconds; without it never"),
  cooldownS: z.int().min(0).max(DAY_S).default(300).describe("raised anew only so long after it was resolved, seconds"),
};

const AlertRule = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("rating"), ...common, atOrBelow }).describe("one bad rating"),
  z
    .strictObject({
      kind: z.literal("reason"),
      ...common,
      buttons: z.array(z.string().min(1)).min(1).describe("names of the reason buttons that raise it"),
    })
    .describe("a reason button was pressed"),
  z
    .strictObject({
      kind: z.literal("bad-count"),
      ...common,
      atOrBelow,
      n: ratingsNeeded.min(2).describe("so many bad ratings"),
      withinS,
    })
    .describe("several bad ratings within a time"),
  z
    .strictObject({
      kind: z.literal("mean"),
      ...common,
      below: z.number().describe("raised when the mean rating is less than this"),
      n: ratingsNeeded.describe("from so many ratings up"),
      withinS,
    })
    .describe("the mean rating fell too low"),
  z
    .strictObject({
      kind: z.literal("bad-share"),
      ...common,
      atOrBelow,
      above: z.number().min(0).max(1).describe("raised when the share of bad ratings is more than this"),
      n: ratingsNeeded.describe("from so many ratings up"),
      withinS,
    })
    .describe("too large a share of the ratings is bad"),
  z
    .strictObject({
      kind: z.literal("silence"),
      ...common,
      afterS: z.int().min(60).max(DAY_S).describe("no press for so long while the place is open, seconds"),
    })
    .describe("nobody presses though the place is open; a press resolves it"),
  z.strictObject({ kind: z.literal("stuck"), ...common }).describe("a button is held down; its release resolves it"),
  z
    .strictObject({
      kind: z.literal("camera"),
      ...common,
      afterS: z.int().min(0).max(DAY_S).default(60).describe("away for so long, seconds"),
    })
    .describe("the zone's camera is lost, dark, covered or frozen while the place is open; a live picture resolves it"),
]);
export type AlertRule = z.infer<typeof AlertRule>;

const StaffButton = z
  .strictObject({
    pad: id.describe("id of a pad of the touchpoint"),
    button: z.string().min(1).describe("name of the button; its presses are no ratings"),
    action: z.enum(["acknowledge", "resolve"]).describe("what it says of the oldest alert that is open there"),
    cause: z.string().min(1).max(200).optional().describe("what is noted as the cause when it resolves"),
  })
  .describe("a button for the staff");
export type StaffButton = z.infer<typeof StaffButton>;

export const AlertSettings = z
  .strictObject({
    rules: z.array(AlertRule).max(100).default([]).describe("what raises an alert"),
    staffButtons: z.array(StaffButton).default([]).describe("buttons by which staff acknowledges and resolves"),
    badges: z
      .enum(["acknowledge", "acknowledge-resolve"])
      .optional()
      .describe(
        "a staff badge read at a touchpoint acknowledges its oldest alert; with `acknowledge-resolve`, where all are acknowledged, resolves it; without it badges are for shifts only",
      ),
    lamps: z
      .array(id)
      .optional()
      .describe("pads that show `attention` while an alert is open at their touchpoint; without it all of its pads"),
  })
  .describe("alerts: what is told at once, to whom and until when");
export type AlertSettings = z.infer<typeof AlertSettings>;

interface Places {
  readonly touchpoints: readonly {
    readonly id: string;
    readonly pads: readonly string[];
    readonly question?: { readonly buttons: Readonly<Record<string, unknown>> } | undefined;
    readonly zone?: unknown;
  }[];
}

/** What the schema alone cannot see: names that nothing has, and buttons with two meanings. Path below `alerts` → sentence. */
export function alertMistakes(
  alerts: AlertSettings,
  { touchpoints }: Places,
): { path: (string | number)[]; message: string }[] {
  const mistakes: { path: (string | number)[]; message: string }[] = [];
  const seen = new Set<string>();
  alerts.rules.forEach((rule, i) => {
    if (seen.has(rule.id)) mistakes.push({ path: ["rules", i, "id"], message: `"${rule.id}" is used twice` });
    seen.add(rule.id);
    rule.touchpoints?.forEach((name, j) => {
      if (!touchpoints.some((one) => one.id === name))
        mistakes.push({ path: ["rules", i, "touchpoints", j], message: `no touchpoint "${name}"` });
    });
    if (rule.kind !== "reason") return;
    const watched = touchpoints.filter((one) => rule.touchpoints?.includes(one.id) ?? true);
    rule.buttons.forEach((button, j) => {
      if (!watched.some(({ question }) => question !== undefined && Object.hasOwn(question.buttons, button)))
        mistakes.push({ path: ["rules", i, "buttons", j], message: `no question has a button "${button}"` });
    });
  });
  alerts.staffButtons.forEach(({ pad, button }, i) => {
    const touchpoint = touchpoints.find(({ pads }) => pads.includes(pad));
    if (touchpoint === undefined)
      mistakes.push({ path: ["staffButtons", i, "pad"], message: `pad "${pad}" serves no touchpoint` });
    const first = alerts.staffButtons.findIndex((other) => other.pad === pad && other.button === button);
    if (first !== i) mistakes.push({ path: ["staffButtons", i, "button"], message: `"${button}" is used twice` });
  });
  alerts.lamps?.forEach((pad, i) => {
    if (!touchpoints.some(({ pads }) => pads.includes(pad)))
      mistakes.push({ path: ["lamps", i], message: `pad "${pad}" serves no touchpoint` });
  });
  return mistakes;
}
