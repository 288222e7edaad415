// The configuration as a JSON Schema (draft 2020-12), made from the one zod schema.
import { z } from "zod";
import { Config } from "./schema.ts";

/** The parts of JSON Schema that the configuration uses. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly items?: boolean | JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
}

/** What a person may write, defaults left out; references between places are checked by `touchpoint config check` only. */
export function configJsonSchema(): JsonSchema {
  const made = z.toJSONSchema(Config, {
    io: "input",
    target: "draft-2020-12",
    override: ({ jsonSchema }) => {
      // The largest safe integer is no limit anybody set.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      const variant = variantOf(jsonSchema as JsonSchema);
      if (variant !== undefined) jsonSchema.title = variant;
    },
  });
  return {
    ...(made as JsonSchema),
    title: "Touchpoint configuration",
    description:
      "References between places (pads, cameras, questions) are beyond JSON Schema: `touchpoint config check` looks at them.",
  };
}

/** Name of one alternative of a choice: the value that chooses it. */
export function variantOf(schema: JsonSchema): string | undefined {
  for (const key of ["driver", "kind"]) {
    const chosen = schema.properties?.[key]?.const;
    if (typeof chosen === "string") return chosen;
  }
  return undefined;
}
