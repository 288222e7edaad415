// The pages of docs/ say what the code says: generated ones to the letter, the architecture by its rooms.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { eventSchemas } from "../../scripts/docs/events.ts";
import { generatedPages } from "../../scripts/docs/pages.ts";
import { packageRoot } from "../../src/place.ts";
import { FAULTS } from "../../src/words/errors.ts";
import { EVENT_DATA, EVENT_TYPES } from "../../src/words/events.ts";

const root = packageRoot();
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const below = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(ending))
    .map((path) => `${folder}/${path}`);

describe("generated pages (`npm run docs` makes them)", () => {
  const pages = generatedPages();
  it.each(Object.keys(pages))("%s is what the code says", (path) => {
    expect(read(path)).toBe(pages[path]);
  });

  it("no schema lies there that the code does not have", () => {
    expect(below("docs/schemas", ".json").sort()).toEqual(
      Object.keys(pages)
        .filter((path) => path.startsWith("docs/schemas/"))
        .sort(),
    );
  });
});

describe("coded errors", () => {
  const sources = below("src", ".ts").filter((path) => path !== "src/words/errors.ts");
  const code = sources.map(read).join("\n");

  it("each has its line on the page", () => {
    const page = read("docs/errors.md");
    for (const fault of Object.keys(FAULTS)) expect(page).toContain(`| \`${fault}\` |`);
  });
  it.each(Object.keys(FAULTS))("%s is used somewhere", (fault) => {
    expect(code.includes(`"${fault}"`)).toBe(true);
  });
  it("every code the source gives to a fault is in the catalogue", () => {
    const given = [
      ...code.matchAll(/new Fault\(\s*"([A-Z_]+)"/g),
      ...code.matchAll(/asFault\([^)]*?"([A-Z]+_[A-Z_]+)"/g),
    ];
    expect(given.length).toBeGreaterThan(20);
    for (const [, fault] of given) expect(Object.keys(FAULTS)).toContain(fault);
  });
});

describe("events", () => {
  it("the page has a section for every type and no other", () => {
    const sections = [...read("docs/events.md").matchAll(/^## (.+)$/gm)].map(([, name]) => name);
    expect(sections).toEqual(["The envelope", ...EVENT_TYPES]);
  });
  it("the schemas are open: a consumer ignores fields it does not know", () => {
    for (const schema of Object.values(eventSchemas()))
      expect(JSON.stringify(schema)).not.toMatch(/"additionalProperties":false/);
  });
  it("the schemas are made from the words, not beside them", () => {
    for (const type of EVENT_TYPES)
      expect(Object.keys(eventSchemas()[`event-${type}`]?.properties ?? {})).toEqual(
        Object.keys(z.toJSONSchema(EVENT_DATA[type]).properties ?? {}),
      );
  });
});

describe("docs/architecture.md", () => {
  const page = read("docs/architecture.md");
  const rooms = readdirSync(join(root, "src"))
    .filter((name) => statSync(join(root, "src", name)).isDirectory())
    .sort();
  const described = [...page.matchAll(/^\| `src\/([a-z]+)\/?` \|/gm)].map(([, room]) => room ?? "").sort();

  it("describes every room under src/ and nothing else", () => {
    expect(described).toEqual(rooms);
  });
  it("names only files that are there", () => {
    const named = [...page.matchAll(/`((?:src|bin|scripts|docs|test|config|systemd|models|bench)\/[\w./-]*)`/g)];
    expect(named.length).toBeGreaterThan(rooms.length);
    for (const [, path] of named) expect(existsSync(join(root, path ?? "")), path).toBe(true);
  });
});

describe("links", () => {
  const pages = ["README.md", "CHANGELOG.md", ...below("docs", ".md")];
  it.each(pages)("%s links only to what is there", (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|mailto:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(
      ([, link]) => link ?? "",
    );
    for (const link of links) expect(existsSync(join(root, dirname(page), link)), link).toBe(true);
  });
  it("decisions are numbered without a hole", () => {
    const numbers = readdirSync(join(root, "docs/decisions"))
      .map((name) => Number(name.slice(0, 3)))
      .sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
  });
});
