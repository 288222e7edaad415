// The page of events and their JSON Schemas, from the zod schemas of the words.
import { z } from "zod";
import type { JsonSchema } from "../../src/config/json-schema.ts";
import { Envelope, EVENT_DATA, EVENT_TYPES, type EventType, LANE } from "../../src/words/events.ts";
import { TOPICS } from "../../src/words/topics.ts";

export const MEANING: Record<EventType, string> = {
  press: "A rating or reason button was pressed. `flags` say what was known to be odd about it when it came.",
  contact:
    "An episode at a touchpoint: the zone was occupied for the dwell time or longer, bridged by the grace time. `answered` with the presses that belong to it (the only truth of the join), `silent`, or `cut` with its cause. There is no expression in it.",
  presence: "A zone became occupied or empty.",
  mood: "The emotional background over an interval. Below `k` people everything but the counts is left out.",
  health: "A stage of the agent changed state.",
  gap: "A loss, owned: rows of the journal that had to be dropped, or presses that a pad counted and nobody received.",
  clock:
    "The times of events that were sent `unsynced` are known now. The repaired time is always the event's own `time` plus `offsetMs` of the last such event that means it, never added twice. Rows that had not been sent yet were repaired before they were, and say `corrected`. Order within a boot is `mono` and never changes.",
  judgement:
    "Presses found later to be repeated, part of a sweep, held, or made where nobody stood, and under which policy. The presses themselves stay as they came.",
  answer: "One answer of a questionnaire.",
  survey: "A questionnaire was finished, or abandoned with what had been said.",
  alert:
    "Something needs somebody now (`raised`), somebody takes care of it (`acknowledged`), nobody did in time (`escalated`), or it has been seen to (`resolved`). The highest `rev` of a `key` holds.",
  activity: "A seller's attempt to sell, with its outcome.",
  transaction: "A sale, from the till. The same number again corrects the one before.",
  shift: "Somebody came on duty at the touchpoint or left it.",
  scan: "A reader read a code. The code itself is not said: a customer's number leaves as a keyed hash only.",
  coverage:
    "How long of a quarter-hour the agent ran and a camera looked. What a crash interrupted is not told, and so not covered.",
  rollup:
    "Counts and one figure of a window, when it is over; again with a higher `rev` when something later changed it.",
  callback:
    "A customer left a way to be called back, sealed to the server's key ([callback.md](callback.md)). `expires` says until when the device keeps it where it cannot be sent. Nothing in it says who served or who bought.",
  service: "A queue or till system opened or closed the window in which somebody is served and asked.",
  visit: "Somebody crossed a counting line, `in` or `out`; each person in view counts once per line and direction.",
  occupancy:
    "The nightly reset of a touchpoint with counting lines: what was counted since the last one, and how far the count was from the empty shop. Occupancy goes on over restarts.",
  audit:
    "A setting was changed while the agent ran, or somebody tried to, by whom and by which way: a camera paused or resumed ([camera-health.md](camera-health.md)), fleet settings that came by the broker ([remote-config.md](remote-config.md)). Or a command was run or refused ([commands.md](commands.md)).",
  erased:
    "Rows were erased because somebody asked for it ([erase.md](erase.md)). It owns their numbers as a `gap` does; what is stored under them must be erased too, and what still arrives under them must not be stored. It never says what it erased.",
  queue:
    "A queue over an interval: its length while the camera was looking, and how long those waited who were seen from begin to end. Nobody is recognised.",
};

/** Name → JSON Schema (draft 2020-12), open: a consumer ignores fields it does not know. */
export function eventSchemas(): Record<string, JsonSchema> {
  const made = EVENT_TYPES.map((type): [string, JsonSchema] => [
    `event-${type}`,
    { title: `data of a ${type} event`, description: MEANING[type], ...open(EVENT_DATA[type]) },
  ]);
  return {
    "event-envelope": { title: "envelope of every event", ...open(Envelope) },
    ...Object.fromEntries(made),
  };
}

/** The same for every other topic that has one schema. */
export function topicSchemas(): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(TOPICS).map(([name, { says, schema }]) => [
      fileOf(name),
      { title: name, description: says, ...open(schema) },
    ]),
  );
}

/** Name of the file of a topic's schema; `config` is the configuration file's own. */
function fileOf(topic: string): string {
  return topic === "config" ? "wanted-config" : topic.replace("/{touchpoint}", "").replaceAll("/", "-");
}

/** Draft 2020-12, open: a consumer ignores fields it does not know. */
export function open(schema: z.ZodType): JsonSchema {
  const made = z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io: "input",
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  return made as JsonSchema;
}

/** Markdown of docs/events.md. */
export function eventsPage(): string {
  const schemas = eventSchemas();
  const lines = [
    "# Events",
    "",
    "<!-- Made by `npm run docs` from src/words/events.ts; a test holds the two together. Do not edit by hand. -->",
    "",
    "Events never change; what is learned later is another event. Each goes to `{root}/event/{type}` at QoS 1 (see",
    "[mqtt.md](mqtt.md)). Order is `seq`, never arrival; `(device, stream, seq)` names an event once and for ever.",
    "",
    "## The envelope",
    "",
    ...table(schemas["event-envelope"]),
    "",
    "Schema: [schemas/event-envelope.json](schemas/event-envelope.json).",
    "",
  ];
  for (const type of EVENT_TYPES)
    lines.push(
      `## ${type}`,
      "",
      MEANING[type],
      "",
      ...table(schemas[`event-${type}`]),
      "",
      `Lane ${LANE[type]} (a lower lane goes ahead of a backlog). Schema: [schemas/event-${type}.json](schemas/event-${type}.json).`,
      "",
    );
  return lines.join("\n");
}

function table(schema: JsonSchema | undefined): string[] {
  const rows = Object.entries(schema?.properties ?? {}).map(([name, property]) => {
    const always = schema?.required?.includes(name) === true ? "always" : "where known";
    return `| \`${name}\` | ${typeName(property)} | ${always} | ${(property.description ?? "").replaceAll("|", "\\|")} |`;
  });
  return ["| field | type | given | meaning |", "|---|---|---|---|", ...rows];
}

/** A type in the words of a table. */
export function typeName(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeName).join(" or ");
  if (typeof schema.items === "object") return `list of ${typeName(schema.items)}`;
  if (typeof schema.additionalProperties === "object") return `map to ${typeName(schema.additionalProperties)}`;
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : String(schema.type ?? "anything");
  const { minimum, maximum } = schema;
  if (minimum !== undefined && maximum !== undefined) return `${type}, ${minimum} to ${maximum}`;
  return minimum === undefined ? (schema.format ?? type) : `${type}, from ${minimum}`;
}
