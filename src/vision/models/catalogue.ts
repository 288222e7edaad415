// Other people's models that this program knows: what each is, where its authors keep it, and proof that it is that file.
import { join } from "node:path";
import { z } from "zod";
import { Classifier, Detector, readJson } from "./manifest.ts";

const offered = {
  source: z.strictObject({
    repository: z.url({ protocol: /^https$/ }).describe("the authors', or whoever made this file of their weights"),
    commit: z.string().regex(/^[0-9a-f]{40}$/),
    file: z
      .string()
      .regex(/^\w[\w.-]*$/)
      .describe("its name there, and in a folder or on a stick"),
    url: z
      .url({ protocol: /^https$/ })
      .optional()
      .describe("absent where nobody offers the file in this form"),
  }),
  note: z.string().describe("what a person must know before using it: data, its licence, limits"),
};

export const CatalogueEntry = z.discriminatedUnion("task", [Detector.extend(offered), Classifier.extend(offered)]);
export type CatalogueEntry = z.infer<typeof CatalogueEntry>;

const Catalogue = z.strictObject({ version: z.literal(1), models: z.array(CatalogueEntry) });

/**
 * Reads `catalogue.json` beside the shipped models.
 * @throws Fault MODEL_MISSING or MODEL_INVALID
 */
export function readCatalogue(shippedDir: string): CatalogueEntry[] {
  return readJson(join(shippedDir, "catalogue.json"), Catalogue).models;
}
