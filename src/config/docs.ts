// The page of the configuration, from its JSON Schema: every setting, its type, default and meaning.
import { type JsonSchema, variantOf } from "./json-schema.ts";

interface Section {
  readonly path: string;
  readonly schema: JsonSchema;
}

/** Markdown of docs/config.md; the same schema always gives the same text. */
export function configPage(schema: JsonSchema): string {
  const parts: string[] = [];
  const open: Section[] = [{ path: "", schema }];
  for (let section = open.shift(); section !== undefined; section = open.shift()) {
    const { text, inner } = page(section);
    parts.push(text);
    // Depth first: what belongs to a setting follows it.
    open.unshift(...inner);
  }
  return [
    "# The configuration file",
    "",
    "<!-- Made by `npm run docs` from src/config/schema.ts; a test holds the two together. Do not edit by hand. -->",
    "",
    "YAML, by default `/etc/touchpoint/touchpoint.yaml`. `touchpoint config init` asks a few questions and writes a first",
    "one; `touchpoint config check` names every mistake with its line; `touchpoint config show` prints what is in force,",
    "defaults included and secrets hidden; `touchpoint config schema` prints the JSON Schema for your editor. Unknown keys",
    "are refused. Examples lie in [config/](../config).",
    "",
    ...parts,
  ].join("\n");
}

function page({ path, schema }: Section): { text: string; inner: Section[] } {
  const heading = path === "" ? "The whole file" : `\`${path}\``;
  const lines = [`## ${heading}`, ""];
  if (path !== "" && schema.description !== undefined) lines.push(`${sentence(schema.description)}`, "");
  const inner: Section[] = [];
  lines.push("| setting | type | default | meaning |", "|---|---|---|---|");
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const below = path === "" ? name : `${path}.${name}`;
    const needed = schema.required?.includes(name) === true && property.default === undefined;
    const value = property.default === undefined ? (needed ? "**needed**" : "–") : code(property.default);
    lines.push(`| \`${name}\` | ${typeName(property)} | ${value} | ${cell(property.description ?? "")} |`);
    inner.push(...sectionsOf(below, property));
  }
  lines.push("");
  return { text: lines.join("\n"), inner };
}

/** Objects below a setting that deserve a section of their own. */
function sectionsOf(path: string, schema: JsonSchema): Section[] {
  if (schema.properties !== undefined) {
    const variant = variantOf(schema);
    return [{ path: variant === undefined ? path : `${path} (${variant})`, schema }];
  }
  if (typeof schema.items === "object") return sectionsOf(`${path}[]`, schema.items);
  return (schema.oneOf ?? []).flatMap((choice) => sectionsOf(path, choice));
}

function typeName(schema: JsonSchema): string {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices !== undefined)
    return [...new Set(choices.map((choice) => variantOf(choice) ?? typeName(choice)))].join(" or ");
  if (schema.prefixItems !== undefined) return `[${schema.prefixItems.map(typeName).join(", ")}]`;
  if (typeof schema.items === "object") {
    const least = schema.minItems === undefined || schema.minItems === 0 ? "" : `, at least ${schema.minItems}`;
    return `list of ${typeName(schema.items)}${least}`;
  }
  if (typeof schema.additionalProperties === "object") return `map to ${typeName(schema.additionalProperties)}`;
  if (schema.properties !== undefined) return "settings";
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : String(schema.type ?? "anything");
  const name = schema.format === "uri" ? "address" : type === "string" ? "text" : type;
  return `${name}${range(schema)}`;
}

function range({ minimum, maximum }: JsonSchema): string {
  if (minimum === undefined && maximum === undefined) return "";
  if (maximum === undefined) return `, from ${minimum}`;
  if (minimum === undefined) return `, up to ${maximum}`;
  return `, ${minimum} to ${maximum}`;
}

function code(value: unknown): string {
  if (value === "") return "empty";
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

/** Text fit for a table cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
