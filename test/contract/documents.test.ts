// The documents of the contract as their own parsers see them.
import { Parser } from "@asyncapi/parser";
import { validate } from "@readme/openapi-parser";
import { describe, expect, it } from "vitest";
import { asyncApiDocument } from "../../scripts/docs/asyncapi.ts";
import { openApiDocument } from "../../src/doors/openapi.ts";
import { COMMANDS } from "../../src/words/commands.ts";
import { EVENT_TYPES } from "../../src/words/events.ts";

describe("docs/asyncapi.json", () => {
  it("is a good AsyncAPI 3 document, with every event, command and reply", async () => {
    const { document, diagnostics } = await new Parser().parse(JSON.stringify(asyncApiDocument()));
    // Level 0 is an error, 1 a warning; the rest is advice on contact, tags and licence.
    expect(diagnostics.filter(({ severity }) => severity <= 1)).toEqual([]);
    const addresses = document?.channels().map((channel) => channel.address());
    for (const type of EVENT_TYPES) expect(addresses).toContain(`{prefix}/{site}/{device}/event/${type}`);
    for (const name of Object.keys(COMMANDS))
      for (const way of ["cmd", "reply"]) expect(addresses).toContain(`{prefix}/{site}/{device}/${way}/${name}`);
  });

  it("a planted mistake is found: the parser looks", async () => {
    const wrong = {
      ...asyncApiDocument(),
      operations: { odd: { action: "shout", channel: { $ref: "#/channels/none" } } },
    };
    const { diagnostics } = await new Parser().parse(JSON.stringify(wrong));
    expect(diagnostics.some(({ severity }) => severity === 0)).toBe(true);
  });
});

describe("docs/openapi.json", () => {
  it("is a good OpenAPI 3.1 document", async () => {
    expect(await validate(openApiDocument() as never)).toMatchObject({ valid: true, warnings: [] });
  });

  it("a planted mistake is found: the parser looks", async () => {
    const wrong = { ...openApiDocument(), paths: { "/v1/odd": { get: { responses: [] } } } };
    expect(await validate(wrong as never)).toMatchObject({ valid: false });
  });
});
