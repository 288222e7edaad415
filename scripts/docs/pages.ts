// Every generated page: path in the repository → text.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { configPage } from "../../src/config/docs.ts";
import { configJsonSchema } from "../../src/config/json-schema.ts";
import { httpPage, openApiDocument } from "../../src/doors/openapi.ts";
import { packageRoot } from "../../src/place.ts";
import { asyncApiDocument } from "./asyncapi.ts";
import { errorsPage } from "./errors.ts";
import { eventSchemas, eventsPage, topicSchemas } from "./events.ts";
import { mqttPage } from "./mqtt.ts";

export function generatedPages(): Record<string, string> {
  const schemas = Object.entries({ config: configJsonSchema(), ...eventSchemas(), ...topicSchemas() });
  return {
    "docs/asyncapi.json": `${JSON.stringify(asyncApiDocument(), undefined, 2)}\n`,
    "docs/config.md": configPage(configJsonSchema()),
    "docs/errors.md": errorsPage(),
    "docs/events.md": eventsPage(),
    "docs/http.md": httpPage(),
    "docs/mqtt.md": mqttPage(readFileSync(join(packageRoot(), "docs", "mqtt.md"), "utf8")),
    "docs/openapi.json": `${JSON.stringify(openApiDocument(), undefined, 2)}\n`,
    ...Object.fromEntries(
      schemas.map(([name, schema]) => [`docs/schemas/${name}.json`, `${JSON.stringify(schema, undefined, 2)}\n`]),
    ),
  };
}
