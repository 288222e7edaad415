// Packs this machine's node, the build and the packages it needs into a disk image for the guest.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { packFolder } from "./image.ts";

/** Packages the drivers load at run time; what they depend on comes along. */
const NEEDED = ["onoff", "zod"];

/**
 * @param root the repository
 * @param folder where the image is made
 * @returns path of the image
 */
export async function packApp(root: string, folder: string): Promise<string> {
  const tree = join(folder, "app");
  const file = join(folder, "app.ext4");
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(join(tree, "node_modules"), { recursive: true });
  cpSync(process.execPath, join(tree, "node"));
  cpSync(join(root, "dist"), join(tree, "dist"), { recursive: true });
  cpSync(join(root, "package.json"), join(tree, "package.json"));
  for (const name of closure(root, NEEDED))
    cpSync(join(root, "node_modules", name), join(tree, "node_modules", name), { recursive: true });
  await packFolder(tree, file, 400);
  return file;
}

/** Names of `packages` and of everything they depend on, as far as it is installed. */
function closure(root: string, packages: readonly string[]): Set<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    const manifest = join(root, "node_modules", name, "package.json");
    if (found.has(name) || !existsSync(manifest)) return;
    found.add(name);
    const { dependencies = {} } = JSON.parse(readFileSync(manifest, "utf8")) as {
      dependencies?: Record<string, string>;
    };
    for (const dependency of Object.keys(dependencies)) visit(dependency);
  };
  for (const name of packages) visit(name);
  return found;
}
