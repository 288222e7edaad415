// Reads the configuration file: YAML in, checked settings out, every mistake with its path and line.
import { readFileSync } from "node:fs";
import { isMap, isScalar, LineCounter, type Node, type ParsedNode, parseDocument } from "yaml";
import type { z } from "zod";
import { Fault } from "../words/errors.ts";
import { FairPlaySettings } from "./fair-play.ts";
import { Config } from "./schema.ts";

/** Larger than any honest configuration; keeps a wrong path (a log, a disk image) from filling memory. */
const MAX_BYTES = 1_048_576;

export interface Mistake {
  /** Dotted path, for instance `fleet.touchpoints[0].zone.camera`; empty for the whole file. */
  readonly path: string;
  /** 1-based; 0 where the file has no such place. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface LoadedConfig {
  readonly file: string;
  readonly config: Config;
}

/**
 * Loads and checks a configuration file.
 * @throws Fault CONFIG_UNREADABLE, CONFIG_SYNTAX or CONFIG_INVALID; `details.mistakes` lists every {@link Mistake}
 */
export function loadConfig(file: string): LoadedConfig {
  return { file, config: parseConfig(readBounded(file), file) };
}

/** Checks configuration text; `file` is only for the message. */
export function parseConfig(text: string, file: string): Config {
  return parseSettings(text, file, Config);
}

/**
 * Rules of fair play from a file of their own, as they stand under `fleet.fairPlay`.
 * @throws Fault as {@link loadConfig}
 */
export function loadPolicy(file: string): FairPlaySettings {
  return parseSettings(readBounded(file), file, FairPlaySettings);
}

function parseSettings<S extends z.ZodType>(text: string, file: string, schema: S): z.output<S> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) {
    throw fault(
      "CONFIG_SYNTAX",
      file,
      broken.map((error) => ({ path: "", ...at(error.pos[0]), message: error.message })),
    );
  }
  let value: unknown;
  try {
    // maxAliasCount stops "billion laughs" documents.
    value = document.toJS({ maxAliasCount: 100 });
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw fault("CONFIG_SYNTAX", file, [{ path: "", line: 0, column: 0, message }]);
  }
  const checked = check(value, schema);
  if ("data" in checked) return checked.data;
  const mistakes = checked.issues.map((issue) => {
    const offset = offsetOf(document.contents, issue.path);
    return {
      path: dotted(issue.path),
      ...(offset === undefined ? { line: 0, column: 0 } : at(offset)),
      message: issue.message,
    };
  });
  throw fault("CONFIG_INVALID", file, mistakes);
}

/** Checks settings that did not come from a file, with the very rules of one. Every mistake has its path. */
export function checkConfig(
  value: unknown,
): { readonly config: Config } | { readonly mistakes: Pick<Mistake, "path" | "message">[] } {
  const checked = check(value, Config);
  if ("data" in checked) return { config: checked.data };
  return { mistakes: checked.issues.map(({ path, message }) => ({ path: dotted(path), message })) };
}

function check<S extends z.ZodType>(
  value: unknown,
  schema: S,
): { readonly data: z.output<S> } | { readonly issues: { path: PropertyKey[]; message: string }[] } {
  const checked = schema.safeParse(value, {
    error: (issue) => (issue.code === "invalid_type" && issue.input === undefined ? "is missing" : undefined),
  });
  return checked.success ? { data: checked.data } : { issues: checked.error.issues.flatMap(spread) };
}

function readBounded(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (thrown) {
    const reason = thrown instanceof Error && "code" in thrown ? String(thrown.code) : String(thrown);
    throw new Fault("CONFIG_UNREADABLE", `cannot read ${file}: ${reason}`, { file }, thrown);
  }
  if (bytes.length > MAX_BYTES)
    throw new Fault("CONFIG_UNREADABLE", `${file} is larger than 1 MiB, so it is no configuration`, { file });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (thrown) {
    throw new Fault("CONFIG_UNREADABLE", `${file} is not UTF-8 text`, { file }, thrown);
  }
}

function fault(code: "CONFIG_SYNTAX" | "CONFIG_INVALID", file: string, mistakes: Mistake[]): Fault {
  const first = mistakes[0];
  const where = first === undefined || first.line === 0 ? "" : `:${first.line}:${first.column}`;
  const what = first === undefined ? "invalid" : `${first.path === "" ? "" : `${first.path}: `}${first.message}`;
  const more = mistakes.length > 1 ? ` (and ${mistakes.length - 1} more)` : "";
  return new Fault(code, `${file}${where}: ${what}${more}`, { file, mistakes });
}

/** An unknown-keys issue names its keys together; each is a mistake with a line of its own. */
function spread(issue: z.core.$ZodIssue): { path: PropertyKey[]; message: string }[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: "unknown key" }));
  return [{ path: issue.path, message: issue.message }];
}

function dotted(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`),
    "",
  );
}

/** Offset in the file of the deepest part of `path` that exists; for a map entry, its key. */
function offsetOf(root: ParsedNode | null, path: readonly PropertyKey[]): number | undefined {
  let node: Node | null = root;
  let offset = root?.range?.[0];
  for (const step of path) {
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) break;
      offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      next = pair.value;
    } else if (node !== null && "items" in node && Array.isArray(node.items) && typeof step === "number") {
      next = node.items[step];
      offset = (next as Node | undefined)?.range?.[0] ?? offset;
    }
    if (next === undefined || next === null) break;
    node = next as Node;
  }
  return offset;
}
