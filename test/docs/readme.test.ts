// The README's verbs are the program's verbs, both ways.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../../src/place.ts";
import { touchpoint } from "../fakes/program.ts";

/** Names of the commands that a help text lists. */
function commands(help: string): string[] {
  const list = help.split(/^Commands:$/m)[1] ?? "";
  return [...list.matchAll(/^ {2}([a-z][a-z-]*)\b/gm)].map(([, name]) => name ?? "").filter((name) => name !== "help");
}

it("lists exactly the verbs that the program has", () => {
  const verbs = commands(touchpoint("--help").stdout).flatMap((verb) => {
    const inner = commands(touchpoint(verb, "--help").stdout);
    return inner.length === 0 ? [verb] : inner.map((name) => `${verb} ${name}`);
  });
  const readme = readFileSync(join(packageRoot(), "README.md"), "utf8");
  const table = (/^\| verb \|[\s\S]*?\n\n/m.exec(readme)?.[0] ?? "").split("\n").slice(2);
  const listed = table.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, verb]) => verb ?? ""),
  );
  expect(listed.sort()).toEqual(verbs.sort());
});
