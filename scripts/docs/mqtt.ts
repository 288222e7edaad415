// The tables of docs/mqtt.md, from the words; the prose around them is written by hand.
import type { z } from "zod";
import { COMMANDS, REFUSALS } from "../../src/words/commands.ts";
import { EVENT_DATA, EVENT_TYPES } from "../../src/words/events.ts";
import { TOPICS } from "../../src/words/topics.ts";
import { open, typeName } from "./events.ts";

/** The page with its tables made anew between the marks `<!-- made: NAME -->` and `<!-- end -->`. */
export function mqttPage(page: string): string {
  const tables: Readonly<Record<string, readonly string[]>> = {
    topics: topicTable(),
    reasons: reasonTable(),
    commands: commandTable(),
  };
  return page.replace(/<!-- made: (\w+) -->\n[\s\S]*?<!-- end -->/g, (_, name: string) =>
    [`<!-- made: ${name} -->`, "", ...(tables[name] ?? [`no table ${name}`]), "", "<!-- end -->"].join("\n"),
  );
}

function topicTable(): string[] {
  const own = Object.entries(TOPICS).map(([name, { direction, retained, says, schema }]) => {
    return `| \`${name}\` | ${direction}, 1${retained ? ", retained" : ""} | ${says} ${fields(schema)} |`;
  });
  return [
    "| topic under the root | direction, QoS, retained | content |",
    "|---|---|---|",
    ...own,
    "| `event/{type}` | out, 1 | one event |",
    '| `batch` | out, 1 | reserved: `{"events":[…]}`; subscribe to it from the start |',
    "| `state/check` | out, 1, not retained | one message of `mqtt check`, which it waits to get back |",
    "| `cmd/{name}` | in, 1 | a command, see below; not retained |",
    "| `reply/{name}` | out, 1 | its reply, with its `id` |",
  ];
}

function reasonTable(): string[] {
  return [
    "| `reason` | why it was not run |",
    "|---|---|",
    ...Object.entries(REFUSALS).map(([reason, why]) => `| \`${reason}\` | ${why} |`),
    "| `failed` | it was run and failed |",
  ];
}

function commandTable(): string[] {
  return [
    "| command | does | fields of its own | a good reply has |",
    "|---|---|---|---|",
    ...Object.entries(COMMANDS).map(
      ([name, { says, body, reply }]) => `| \`${name}\` | ${says} | ${fields(body)} | ${fields(reply)} |`,
    ),
  ];
}

/** Each field with its type, those that may be absent in brackets. */
function fields(schema: z.ZodType): string {
  const event = EVENT_TYPES.find((type) => EVENT_DATA[type] === schema);
  if (event !== undefined) return `As \`data\` of a [${event}](events.md#${event}) event`;
  const { properties = {}, required = [] } = open(schema);
  return Object.entries(properties)
    .map(([name, property]) => {
      const type = property.pattern === undefined ? typeName(property) : (property.format ?? "string");
      const shown = `\`${name}\` ${type.replaceAll("|", "\\|")}${property.description === undefined ? "" : ` (${property.description})`}`;
      return required.includes(name) ? shown : `[${shown}]`;
    })
    .join(", ");
}
