// What is shown of the configuration: the examples hold, the schema and its page are one, secrets are hidden.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configPage } from "../../src/config/docs.ts";
import { configJsonSchema, type JsonSchema } from "../../src/config/json-schema.ts";
import { loadConfig, parseConfig } from "../../src/config/load.ts";
import { readSecret, redact, redactText } from "../../src/config/secret.ts";

const root = new URL("../../", import.meta.url);
/** Those in `fleet/` are for brokers and what stands behind them. */
const examples = readdirSync(new URL("config", root), { recursive: true, encoding: "utf8" }).filter(
  (name) => name.endsWith(".yaml") && !name.startsWith("fleet/"),
);

describe("the examples", () => {
  it.each(examples)("%s is accepted", (name) => {
    expect(loadConfig(new URL(`config/${name}`, root).pathname).config.version).toBe(1);
  });

  it.each(examples)("%s is accepted again as it is shown, defaults included", (name) => {
    const { config } = loadConfig(new URL(`config/${name}`, root).pathname);
    expect(parseConfig(JSON.stringify(config), name)).toEqual(config);
  });

  it("show every driver and every kind of real camera", () => {
    const configs = examples.map((name) => loadConfig(new URL(`config/${name}`, root).pathname).config);
    const drivers = new Set(configs.flatMap(({ local }) => local.pads.map(({ driver }) => driver)));
    expect([...drivers].sort()).toEqual(expect.arrayContaining(["gpio", "hid", "serial"]));
    const kinds = new Set(configs.flatMap(({ local }) => local.cameras.map(({ source }) => source.kind)));
    expect([...kinds].sort()).toEqual(expect.arrayContaining(["rtsp", "v4l2"]));
  });
});

describe("the JSON Schema", () => {
  const schema = configJsonSchema();

  it("refuses unknown keys everywhere and describes every setting", () => {
    const bare: string[] = [];
    const open: string[] = [];
    const walk = (node: JsonSchema, path: string): void => {
      if (node.properties !== undefined && node.additionalProperties !== false) open.push(path);
      for (const [name, property] of Object.entries(node.properties ?? {})) {
        if (property.description === undefined && property.const === undefined) bare.push(`${path}.${name}`);
        walk(property, `${path}.${name}`);
      }
      for (const inner of [...(node.oneOf ?? []), ...(node.anyOf ?? [])]) walk(inner, path);
      if (typeof node.items === "object") walk(node.items, `${path}[]`);
    };
    walk(schema, "");
    expect(bare).toEqual([]);
    expect(open).toEqual([]);
  });

  it("asks for no setting that has a default", () => {
    expect(schema.properties?.local?.required).toEqual(["device", "site"]);
  });

  it("is the page docs/config.md (`npm run docs` makes it)", () => {
    expect(readFileSync(new URL("docs/config.md", root), "utf8")).toBe(configPage(schema));
  });

  it("gives every setting a row on the page", () => {
    const page = configPage(schema);
    for (const name of ["passwordFile", "dwellMs", "activeLow", "transport", "intervalS", "logLevel"])
      expect(page).toContain(`| \`${name}\` |`);
    expect(page).toContain("## `local.pads[] (gpio)`");
  });
});

describe("secrets", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "touchpoint-secret-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("are hidden by name and inside addresses; the file that holds one may be named", () => {
    const shown = redact({
      password: "hunter2",
      apiKey: "hunter2",
      nested: [{ token: "hunter2", passwordFile: "/etc/secret" }],
      url: "mqtts://till:hunter2@broker:8883/x",
    });
    expect(JSON.stringify(shown)).not.toContain("hunter2");
    expect(shown).toMatchObject({ nested: [{ passwordFile: "/etc/secret" }], url: "mqtts://***@broker:8883/x" });
    expect(redactText("cannot open rtsp://viewer:hunter2@cam/1: timeout")).toBe(
      "cannot open rtsp://***@cam/1: timeout",
    );
  });

  it("are read from their file, without the newline at its end", () => {
    const file = join(folder, "secret");
    writeFileSync(file, "hunter2\n");
    expect(readSecret(file)).toBe("hunter2");
  });

  it("that cannot be read are a coded fault which does not repeat them", () => {
    const empty = join(folder, "empty");
    writeFileSync(empty, "\n");
    const huge = join(folder, "huge");
    writeFileSync(huge, "hunter2".repeat(20_000));
    for (const file of [empty, huge, folder, join(folder, "none")]) {
      try {
        readSecret(file);
        expect.unreachable(`${file} was read`);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: "CONFIG_SECRET" });
        expect(String(thrown)).not.toContain("hunter2");
      }
    }
  });
});
