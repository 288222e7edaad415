// The AsyncAPI 3 document of everything between device and central broker, from the zod schemas of the words.
import { z } from "zod";
import { COMMANDS, CommandBody, Refused } from "../../src/words/commands.ts";
import { Envelope, EVENT_DATA, EVENT_TYPES } from "../../src/words/events.ts";
import { TOPICS, type Topic } from "../../src/words/topics.ts";
import { MEANING } from "./events.ts";

type Json = Record<string, unknown>;

/** AsyncAPI's own dialect is a superset of draft-07; `io` says whether the device reads or writes it. */
export function draft7(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...made } = z.toJSONSchema(schema, {
    target: "draft-7",
    io,
    override: ({ jsonSchema }) => {
      // What is sent is open: a consumer ignores fields it does not know. Safe integers are no limit anybody set.
      if (io === "output" && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  }) as Json;
  return made;
}

/** Every message that leaves the device or comes in, by its name: the whole of what others rely on. */
export function contractMessages(): { out: Record<string, Json>; in: Record<string, Json> } {
  const topics = (direction: Topic["direction"], io: "input" | "output"): [string, Json][] =>
    Object.entries(TOPICS)
      .filter(([, topic]) => topic.direction === direction)
      .map(([name, { schema }]) => [name, draft7(schema, io)]);
  const events = EVENT_TYPES.map((type): [string, Json] => [
    `event/${type}`,
    draft7(Envelope.extend({ type: z.literal(type), data: EVENT_DATA[type] }), "output"),
  ]);
  const commands = Object.entries(COMMANDS);
  return {
    out: Object.fromEntries([
      ...topics("out", "output"),
      ...events,
      ...commands.map(([name, { reply }]): [string, Json] => [
        `reply/${name}`,
        draft7(z.union([z.object({ id: z.string(), ok: z.literal(true), ...reply.shape }), Refused]), "output"),
      ]),
    ]),
    in: Object.fromEntries([
      ...topics("in", "input"),
      ...commands.map(([name, { body }]): [string, Json] => [
        `cmd/${name}`,
        draft7(z.looseObject({ ...CommandBody.shape, ...body.shape }), "input"),
      ]),
    ]),
  };
}

const SAYS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(TOPICS).map(([name, { says }]) => [name, says])),
  ...Object.fromEntries(EVENT_TYPES.map((type) => [`event/${type}`, MEANING[type]])),
  ...Object.fromEntries(Object.entries(COMMANDS).map(([name, { says }]) => [`cmd/${name}`, says])),
  ...Object.fromEntries(Object.keys(COMMANDS).map((name) => [`reply/${name}`, `The reply to \`cmd/${name}\`.`])),
};

/** The document, as it goes to docs/asyncapi.json; the same code always gives the same. */
export function asyncApiDocument(): Json {
  const messages = contractMessages();
  const channels: Json = {};
  const operations: Json = {};
  const add = (name: string, action: "send" | "receive", payload: Json): void => {
    const key = name.replaceAll(/[^A-Za-z0-9]+/g, "-").replace(/-$/, "");
    const retained = Object.entries(TOPICS).some(([topic, about]) => topic === name && about.retained);
    channels[key] = {
      address: `{prefix}/{site}/{device}/${name}`,
      description: SAYS[name],
      parameters: {
        ...PARAMETERS,
        ...(name.includes("{touchpoint}") ? { touchpoint: { description: "its id" } } : {}),
      },
      messages: { [key]: { name, contentType: "application/json", payload } },
    };
    operations[`${action}-${key}`] = {
      action,
      channel: { $ref: `#/channels/${key}` },
      messages: [{ $ref: `#/channels/${key}/messages/${key}` }],
      bindings: { mqtt: { qos: 1, retain: retained, bindingVersion: "0.2.0" } },
      ...(name.startsWith("cmd/") ? { reply: replyOf(name) } : {}),
    };
  };
  for (const [name, payload] of Object.entries(messages.out)) add(name, "send", payload);
  for (const [name, payload] of Object.entries(messages.in)) add(name, "receive", payload);
  return {
    asyncapi: "3.0.0",
    id: "urn:touchpoint:v1",
    info: {
      title: "Touchpoint, device and central broker",
      version: "1",
      description: "Seen from the device: it sends events, states and replies, and receives commands and acks.",
    },
    defaultContentType: "application/json",
    channels,
    operations,
  };
}

const PARAMETERS = {
  prefix: { default: "touchpoint/v1", description: "`local.broker.prefix`" },
  site: { description: "a label" },
  device: { description: "unique in the whole fleet; equals the MQTT user name" },
};

function replyOf(command: string): Json {
  const key = command.replace("cmd/", "reply-").replaceAll(/[^A-Za-z0-9]+/g, "-");
  return {
    address: {
      description: "MQTT 5's response topic where it lies under `local.broker.replyPrefix`; else the channel's own",
      location: "$message.header#/responseTopic",
    },
    channel: { $ref: `#/channels/${key}` },
    messages: [{ $ref: `#/channels/${key}/messages/${key}` }],
  };
}
