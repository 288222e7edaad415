// The OpenAPI 3.1 document of the door and its page, made from the schemas that check the bodies.
import { z } from "zod";
import { READ, ROUTES } from "./bodies.ts";
import { topicOf } from "./topics.ts";

const ERROR = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message", "hint"],
      properties: { code: { type: "string" }, message: { type: "string" }, hint: { type: "string" } },
    },
  },
};
const EVENTS = {
  type: "object",
  required: ["events"],
  properties: { events: { type: "array", items: { type: "string", format: "uuid" } } },
};

const json = (description: string, schema: unknown) => ({ description, content: { "application/json": { schema } } });

const REFUSALS: Readonly<Record<string, string>> = {
  "400": "the body, the Idempotency-Key or what is asked for is wrong",
  "401": "no token, or not the right one",
  "404": "there is no such path, touchpoint or camera",
  "405": "not with this method",
  "413": "the body is longer than 16 KiB",
  "415": "the body is not said to be JSON",
  "429": "too many requests wait for the disk",
  "503": "the disk has not answered yet: send again with the same key",
};

const refusals = (statuses: readonly string[]) =>
  Object.fromEntries(statuses.map((status) => [status, json(REFUSALS[status] ?? "", ERROR)]));

/** The document, as it goes to docs/openapi.json; the same code always gives the same. */
export function openApiDocument(): Record<string, unknown> {
  const posts = Object.entries(ROUTES).map(([path, { summary, body }]) => {
    const inPath = path.includes("{key}")
      ? [{ name: "key", in: "path", required: true, schema: { type: "string" }, description: "key of the alert" }]
      : [];
    const once = {
      name: "Idempotency-Key",
      in: "header",
      schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,128}$" },
      description: "the same key again is the same request, and counts once",
    };
    const { $schema: _, ...schema } = z.toJSONSchema(body, { io: "input" }) as Record<string, unknown>;
    const post = {
      summary,
      parameters: [...inPath, once],
      requestBody: { required: true, content: { "application/json": { schema } } },
      responses: {
        "200": json("said before, or it changed nothing; the events of then", EVENTS),
        "201": json("on disk, as these events", EVENTS),
        ...refusals(Object.keys(REFUSALS)),
      },
    };
    return [path, { post }] as const;
  });
  const gets = Object.entries(READ).map(([path, summary]) => {
    const answer =
      path === "/v1/metrics"
        ? { description: summary, content: { "text/plain": { schema: { type: "string" } } } }
        : json(summary, { type: "object" });
    return [path, { get: { summary, responses: { "200": answer, ...refusals(["401", "405"]) } } }] as const;
  });
  return {
    openapi: "3.1.0",
    info: { title: "Touchpoint, local door", version: "1" },
    servers: [{ url: "http://127.0.0.1:8723" }],
    security: [{ token: [] }],
    paths: Object.fromEntries([...posts, ...gets]),
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
  };
}

interface Field {
  readonly type?: unknown;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Field[];
  readonly default?: unknown;
  readonly description?: string;
}

/** Markdown of docs/http.md. */
export function httpPage(): string {
  const lines = [
    "# The local HTTP door",
    "",
    "<!-- Made by `npm run docs` from src/doors/bodies.ts; a test holds the two together. Do not edit by hand. -->",
    "",
    "Tills, queue systems and screens of the shop speak to the agent here. The door is off until `local.http` is in the",
    "configuration; it listens on loopback, and every request carries `Authorization: Bearer TOKEN` with the token from",
    "`local.http.tokenFile`. Bodies are JSON objects of at most 16 KiB; unknown fields are refused.",
    "[openapi.json](openapi.json) says the same for machines.",
    "",
    "An answer of 201 means **on disk**, and names the events. A request under an `Idempotency-Key` counts once however",
    "often it is sent, also after a restart: the last 1000 are known. Sales and service windows need no key: the same body",
    "for the same number again is the same word. After 503 or a broken connection send again with the same key.",
    "",
    "| status | says |",
    "|---|---|",
    '| 201 | on disk, as these events: `{"events":[…]}` |',
    "| 200 | said before, or it changed nothing |",
    ...Object.entries(REFUSALS).map(([status, meaning]) => `| ${status} | ${meaning} |`),
    "",
    'A refusal is `{"error":{"code","message","hint"}}`; the codes are in [errors.md](errors.md).',
    "",
    "```",
    "curl -H \"Authorization: Bearer $(cat /etc/touchpoint/http.token)\" -H 'Content-Type: application/json' \\",
    '  -d \'{"touchpoint":"checkout","transaction":"4711","amount":12.5,"currency":"EUR","items":3}\' \\',
    "  http://127.0.0.1:8723/v1/transactions",
    "```",
    "",
  ];
  for (const [path, { summary, body }] of Object.entries(ROUTES)) {
    const { properties = {}, required = [] } = z.toJSONSchema(body, { io: "input" }) as {
      properties?: Record<string, Field>;
      required?: string[];
    };
    lines.push(`## POST ${path}`, "", `${summary}.`, "", "| field | type | needed | meaning |", "|---|---|---|---|");
    for (const [name, field] of Object.entries(properties))
      lines.push(
        `| \`${name}\` | ${typeOf(field)} | ${required.includes(name) ? "yes" : "–"} | ${field.description ?? ""} |`,
      );
    lines.push("");
  }
  for (const [path, summary] of Object.entries(READ)) lines.push(`## GET ${path}`, "", `${summary}.`, "");
  return [...lines, ...mqttSection()].join("\n");
}

function mqttSection(): string[] {
  return [
    "## The same by MQTT",
    "",
    "With `local.mqttDoor` in the configuration the agent takes the same requests at a broker of the shop: the bodies above,",
    "as JSON of at most 16 KiB, at QoS 1, on these topics below `local.mqttDoor.prefix`:",
    "",
    "| topic | the same as |",
    "|---|---|",
    ...Object.keys(ROUTES).map((path) => `| \`{prefix}/${topicOf(path)}\` | \`POST ${path}\` |`),
    "",
    "- **Who may come in** is what the broker lets in: give each sender a login, and the right to publish below",
    "  `{prefix}/in` and to read below `{prefix}/out`. The agent's own login may do the opposite, and has a password.",
    "- **The key** is the MQTT 5 user property `idempotency-key`, or the field `key` beside the others of the body. It counts",
    "  once as in HTTP, within the same 1000; a key of one door is not known at the other.",
    "- **The answer** goes to the MQTT 5 response topic, with its correlation data, where that lies below `{prefix}/out/`;",
    "  else to `{prefix}/out/KEY`, the key percent-encoded; without either nobody is answered. It is",
    '  `{"key","status","events"}`, or `{"key","status","error"}`, with the statuses above.',
    "- **PUBACK and answer come when it is on disk.** Requests are taken one after the other; the broker holds the others.",
    "- **Nothing queues** while the agent is away from the broker: who got no answer says it again, with the same key and",
    "  the age in `ageMs`. A retained request is refused with `DOOR_RETAINED`.",
    "- The stage is `door:mqtt`; a broker that is away is tried again with jittered back-off.",
    "",
    "```",
    'mosquitto_rr -V 5 -u till -P "$(cat till.password)" -q 1 -t touchpoint/local/in/transactions -e touchpoint/local/out/till \\',
    '  -m \'{"touchpoint":"checkout","transaction":"4711","amount":12.5,"currency":"EUR","items":3}\'',
    "```",
    "",
  ];
}

function typeOf(field: Field): string {
  if (field.enum !== undefined) return field.enum.map((one) => `\`${one}\``).join(", ");
  if (field.anyOf !== undefined) return field.anyOf.map(typeOf).join(" or ");
  return String(field.type ?? "anything");
}
