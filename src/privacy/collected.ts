// What a configuration makes the agent collect, why, and to whom it goes: said for a person who asks. Pure.
import type { Config } from "../config/schema.ts";

export interface Collected {
  readonly what: string;
  readonly on: boolean;
  /** What of it is kept or sent, and why; for what is off, what would switch it on. */
  readonly says: string;
}

/** One row for each kind of thing, also for those that are off. */
export function collected({ local, fleet }: Config): Collected[] {
  const { touchpoints } = fleet;
  const row = (what: string, on: boolean, says: string, off: string): Collected => ({
    what,
    on,
    says: on ? says : off,
  });
  const { emotion, demographics } = local.privacy;
  const told = `shares over ${fleet.mood.intervalS} s, from ${fleet.mood.k} people on`;
  const answers = (use: typeof emotion): string =>
    `purpose: ${use?.purpose}; controller: ${use?.controller}; notice: ${use?.notice}`;
  const cameras = local.cameras.map(({ id }) => id).join(", ");
  return [
    row(
      "presses and answers",
      touchpoints.some(({ pads }) => pads.length > 0),
      "button, question, pad and time",
      "no pad",
    ),
    row(
      "pictures",
      false,
      "",
      local.cameras.length === 0
        ? "no camera"
        : `never kept or sent; of ${cameras} each is held in memory for the moment of one look`,
    ),
    row(
      "contacts and presence",
      touchpoints.some(({ zone }) => zone !== undefined),
      "when a zone was occupied, by how many, and whether somebody pressed; nobody is recognised",
      "no zone",
    ),
    row(
      "visits and queues",
      touchpoints.some(({ lines, queue }) => lines.length > 0 || queue !== undefined),
      "how many crossed a line or waited, and how long; nobody is recognised",
      "no line and no queue",
    ),
    row(
      "expressions",
      emotion !== undefined && local.cameras.length > 0,
      `${told}; ${answers(emotion)}`,
      "off; needs purpose, controller and notice under local.privacy.emotion",
    ),
    row(
      "age and sex",
      demographics !== undefined && local.cameras.length > 0,
      `${told}; by ${local.vision.demographics}; ${answers(demographics)}`,
      "off; needs purpose, controller and notice under local.privacy.demographics, and a model of your own",
    ),
    row(
      "customers' numbers",
      local.customers !== undefined,
      "as keyed hashes only; the number itself is not kept",
      "off; needs local.customers",
    ),
    row(
      "call-back contacts",
      local.callback !== undefined,
      "what a customer leaves, sealed to the server's key; this device cannot read it",
      "off; needs local.callback",
    ),
    row("leaves for the broker", local.broker !== undefined, `events, to ${hostOf(local.broker?.url)}`, "no broker"),
    row(
      "leaves for webhooks",
      local.notify.webhooks.length > 0,
      `alerts, to ${local.notify.webhooks.map(({ id }) => id).join(", ")}`,
      "no webhook",
    ),
    row(
      "presence for screens",
      touchpoints.some(({ presence }) => presence !== undefined),
      `whether anybody is there now and how many, kept nowhere; ${presenceGoesTo(local)}`,
      "no touchpoint has `presence`",
    ),
  ];
}

function presenceGoesTo({ broker, notify }: Config["local"]): string {
  const told = [...(broker === undefined ? [] : ["the broker"]), ...notify.presence.map(({ id }) => id)];
  return told.length === 0 ? "told to nobody" : `told to ${told.join(", ")}`;
}

/** Host alone: paths and queries of addresses may hold secrets. */
function hostOf(url: string | undefined): string {
  return url === undefined ? "" : new URL(url).host;
}
