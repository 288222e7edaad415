// Packs this machine's node, the build and the packages it needs into a disk image for the guest.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { packFolder } from "./image.ts";

/** Hundreds of megabytes, and only loaded where a camera is configured. */
const LEFT_OUT = ["onnxruntime-node"];

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
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  const needed = Object.keys(manifest.dependencies ?? {}).filter((name) => !LEFT_OUT.includes(name));
  for (const name of closure(root, needed))
    cpSync(join(root, "node_modules", name), join(tree, "node_modules", name), { recursive: true });
  await packFolder(tree, file, 400);
  return file;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  /** Native parts for each processor; only this machine's are installed. */
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Names of `packages` and of everything they depend on, as far as it is installed. */
function closure(root: string, packages: readonly string[]): Set<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    const manifest = join(root, "node_modules", name, "package.json");
    if (found.has(name) || !existsSync(manifest)) return;
    found.add(name);
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(manifest, "utf8")) as Manifest;
    for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) visit(dependency);
  };
  for (const name of packages) visit(name);
  return found;
}
