// Every generated page: path in the repository → text.
import { configPage } from "../../src/config/docs.ts";
import { configJsonSchema } from "../../src/config/json-schema.ts";
import { httpPage, openApiDocument } from "../../src/doors/openapi.ts";
import { errorsPage } from "./errors.ts";
import { eventSchemas, eventsPage, stateSchemas } from "./events.ts";

export function generatedPages(): Record<string, string> {
  const schemas = Object.entries({ config: configJsonSchema(), ...eventSchemas(), ...stateSchemas() });
  return {
    "docs/config.md": configPage(configJsonSchema()),
    "docs/errors.md": errorsPage(),
    "docs/events.md": eventsPage(),
    "docs/http.md": httpPage(),
    "docs/openapi.json": `${JSON.stringify(openApiDocument(), undefined, 2)}\n`,
    ...Object.fromEntries(
      schemas.map(([name, schema]) => [`docs/schemas/${name}.json`, `${JSON.stringify(schema, undefined, 2)}\n`]),
    ),
  };
}
