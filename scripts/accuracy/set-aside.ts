// Which pictures no training of ours sees: the list that scripts/train keeps to.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { packageRoot } from "../../src/place.ts";

const Lists = z.record(z.string(), z.array(z.string()));

/** @param folder below the shared data's `train/`, as the list names it */
export function setAside(folder: string): readonly string[] {
  const lists = Lists.parse(JSON.parse(readFileSync(join(packageRoot(), "scripts/train/set-aside.json"), "utf8")));
  const names = lists[folder];
  if (names === undefined) throw new Error(`no pictures of ${folder} are set aside`);
  return names;
}
