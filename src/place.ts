// Where the program lies on disk: the one place that turns a file of the package into a path.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The folder of package.json, found upwards from this file, so that src/ and dist/src/ give the same answer. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("package.json not found above the program");
    folder = parent;
  }
  return folder;
}

/** URL of a compiled file, for worker threads: `builtUrl("journal/thread.js")`. */
export function builtUrl(path: string): URL {
  return pathToFileURL(join(packageRoot(), "dist", "src", path));
}
