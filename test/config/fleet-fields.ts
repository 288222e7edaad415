// Every setting of the part `fleet`, by its path, taken from the JSON Schema.
import { configJsonSchema, type JsonSchema } from "../../src/config/json-schema.ts";

/** Paths such as `touchpoints[].zone.camera`; alternatives of one list are taken together. */
export function fleetFields(): string[] {
  const found = new Set<string>();
  const hasInner = (schema: JsonSchema): boolean =>
    schema.properties !== undefined || (schema.oneOf ?? schema.anyOf ?? []).some(hasInner);
  const walk = (schema: JsonSchema, path: string): void => {
    const { properties, items, additionalProperties: others } = schema;
    if (properties !== undefined)
      for (const [name, inner] of Object.entries(properties)) walk(inner, path === "" ? name : `${path}.${name}`);
    else if (hasInner(schema)) for (const choice of schema.oneOf ?? schema.anyOf ?? []) walk(choice, path);
    else if (typeof items === "object" && hasInner(items)) walk(items, `${path}[]`);
    else if (typeof others === "object" && hasInner(others)) walk(others, `${path}.*`);
    else found.add(path);
  };
  walk(configJsonSchema().properties?.fleet ?? {}, "");
  return [...found].sort();
}
