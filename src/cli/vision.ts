// `touchpoint vision …`: the eyes, tried on pictures and files.
import type { Command } from "commander";
import { openLook } from "../vision/look.ts";
import { readManifest } from "../vision/models/manifest.ts";
import { asFault } from "../words/errors.ts";
import { DEFAULT_CONFIG, sayFault, sightOf } from "./sight.ts";
import { type DetectedPicture, detectPicture } from "./vision-detect.ts";

interface DetectOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** Adds `vision` and its verbs. */
export function registerVision(program: Command): void {
  const group = program.command("vision").description("the camera's eyes, tried on pictures and files");
  group
    .command("detect")
    .description("faces, expressions and persons in still pictures")
    .argument("<image...>", "JPEG, PNG or WebP files")
    .option("--config <file>", `configuration (default ${DEFAULT_CONFIG})`)
    .option("--json", "one JSON object a picture, one a line")
    .action(async (images: string[], options: DetectOptions) => await detect(images, options));
}

async function detect(images: readonly string[], options: DetectOptions): Promise<void> {
  const json = options.json === true;
  try {
    const sight = sightOf(options.config);
    const look = await openLook(sight.modelsDir, readManifest(sight.modelsDir), sight.names, sight.threads);
    try {
      for (const image of images) {
        try {
          const detected = await detectPicture(image, look);
          console.log(json ? JSON.stringify(detected) : sentence(detected));
        } catch (thrown) {
          // One bad picture does not keep the others from being looked at.
          const fault = asFault(thrown, "IMAGE_UNREADABLE");
          sayFault(fault, false);
          if (json) console.log(JSON.stringify({ file: image, error: fault.toJSON() }));
        }
      }
    } finally {
      await look.close();
    }
  } catch (thrown) {
    sayFault(thrown, json);
  }
}

function sentence(picture: DetectedPicture): string {
  const lines = [`${picture.file}  ${picture.width}×${picture.height}`];
  for (const { box, score, expression, valence } of picture.faces) {
    const [name, p] = Object.entries(expression).toSorted((a, b) => b[1] - a[1])[0] ?? ["neutral", 0];
    const smile = expression.happiness.toFixed(2);
    lines.push(
      `  face    ${score.toFixed(2)}  at ${box.join(" ")}  ${name} ${p.toFixed(2)}  smile ${smile}  valence ${valence}`,
    );
  }
  for (const { box, score } of picture.persons) lines.push(`  person  ${score.toFixed(2)}  at ${box.join(" ")}`);
  if (picture.faces.length + picture.persons.length === 0) lines.push("  nobody");
  return lines.join("\n");
}
