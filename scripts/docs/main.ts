// `npm run docs`: writes the pages that are made from the code; tests hold them equal.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "../../src/place.ts";
import { generatedPages } from "./pages.ts";

for (const [path, text] of Object.entries(generatedPages())) {
  const file = join(packageRoot(), path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(path);
}
