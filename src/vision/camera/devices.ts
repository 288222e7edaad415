// The V4L2 devices of this machine, as the kernel and udev name them.
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";

export interface VideoDevice {
  /** Such as /dev/video0; may be another one after the next start. */
  readonly device: string;
  /** What the driver calls it. */
  readonly name: string;
  /** Names that stay, from udev: what a configuration should say. */
  readonly byId: readonly string[];
  /** A camera shows several nodes; only index 0 gives pictures. */
  readonly index: number;
}

/** @param roots other folders than the kernel's, for tests */
export function videoDevices(roots: { sys: string; dev: string } = { sys: "/sys", dev: "/dev" }): VideoDevice[] {
  const classes = join(roots.sys, "class", "video4linux");
  const links = join(roots.dev, "v4l", "by-id");
  const names = namesIn(links).map((name) => ({ path: join(links, name), node: basename(target(join(links, name))) }));
  return namesIn(classes)
    .filter((name) => /^video\d+$/.test(name))
    .toSorted((a, b) => Number(a.slice(5)) - Number(b.slice(5)))
    .map((node) => ({
      device: join(roots.dev, node),
      name: text(join(classes, node, "name")),
      byId: names.filter((one) => one.node === node).map(({ path }) => path),
      index: Number(text(join(classes, node, "index"))) || 0,
    }));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

function target(link: string): string {
  try {
    return realpathSync(link);
  } catch {
    // Unplugged between the two looks.
    return link;
  }
}

function text(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
}
