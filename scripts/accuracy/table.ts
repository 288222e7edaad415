// `npm run accuracy`: every model at hand on every set at hand, printed and written into docs/accuracy.md between its marks.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { offers, pullModels } from "../../src/cli/models-pull.ts";
import { ZoneConfig } from "../../src/config/schema.ts";
import { packageRoot } from "../../src/place.ts";
import { type ModelEntry, readManifest } from "../../src/vision/models/manifest.ts";
import {
  averagePrecision,
  type Figure,
  falseAlarmsAt,
  precisionAt,
  recallAt,
  withInterval,
} from "./average-precision.ts";
import { type Contestant, type Measured, measure } from "./detecting.ts";
import { votedFaces } from "./ferplus.ts";
import { measureReader, type Reader, type ReaderFigures } from "./reading-faces.ts";
import { type TruthSet, truthSets } from "./truth.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string", default: join(packageRoot(), "../shared/data") },
    /** With the drafts that our nets are compared with, named as the shipped models are. */
    drafts: { type: "string", default: join(packageRoot(), "../shared/draft-models") },
    /** Print only. */
    dry: { type: "boolean", default: false },
  },
});

const page = join(packageRoot(), "docs/accuracy.md");
const shipped = join(packageRoot(), "models");
/** What a touchpoint's zone takes for somebody where its configuration says nothing: the same for every model. */
const { minScore } = ZoneConfig.parse({ camera: "any" });

if (existsSync(join(values.data, "models"))) await main();
else console.log(`skipped: ${values.data} is not here`);

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "accuracy-"));
  try {
    const others = offers().map(({ name }) => name);
    await pullModels(others, { modelsDir: folder, from: join(values.data, "models") }, () => undefined);
    const all = [...ours(), ...entries(folder, others)];
    const lines = [...(await detectorTable(all)), "", ...(await readerTable(all))];
    console.log(lines.join("\n"));
    if (!values.dry) writeFileSync(page, withTable(readFileSync(page, "utf8"), lines));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Named {
  readonly name: string;
  readonly entry: ModelEntry;
  readonly from: Contestant["from"];
}

/** The shipped models, and before each the draft it came from where that is another file. */
function ours(): Named[] {
  return readManifest(shipped).models.flatMap((entry): Named[] => {
    const file = join(values.drafts, `${entry.name}.onnx`);
    const own = { name: entry.name, entry, from: { modelsDir: shipped } };
    const same = !existsSync(file) || readFileSync(file).equals(readFileSync(join(shipped, entry.file)));
    return same ? [own] : [{ name: `${entry.name}, draft`, entry, from: { file } }, own];
  });
}

function entries(modelsDir: string, names: readonly string[]): Named[] {
  return readManifest(modelsDir).models.flatMap((entry) =>
    names.includes(entry.name) ? [{ name: entry.name, entry, from: { modelsDir } }] : [],
  );
}

async function detectorTable(all: readonly Named[]): Promise<string[]> {
  const lines = [
    `| pictures | model | AP50 | recall at ${minScore} | precision at ${minScore} | wrong boxes a picture | ms |`,
    "|---|---|---|---|---|---|---|",
  ];
  for (const set of truthSets(values.data)) {
    const contestants = all.flatMap(({ entry, name, from }): Contestant[] =>
      entry.task === set.task ? [{ name, entry, from }] : [],
    );
    const measured = await measure(set, contestants);
    for (const [i, one] of measured.entries()) lines.push(detectorRow(set, one, i === 0));
  }
  return lines;
}

function detectorRow(
  { name, task, truth, seen }: TruthSet,
  { contestant, pictures, ms }: Measured,
  first: boolean,
): string {
  const drawn = pictures.reduce((sum, picture) => sum + picture.drawn, 0);
  const told = `**${name}**: ${task}s, ${pictures.length} pictures, ${drawn} boxes, ${truth}; ${seen}`;
  const cells = [
    first ? told : "",
    contestant.name,
    shown(withInterval(pictures, averagePrecision)),
    shown(withInterval(pictures, (some) => recallAt(some, minScore))),
    // Where nobody is, no box can be right: the wrong ones are what is told.
    shown(drawn === 0 ? undefined : withInterval(pictures, (some) => precisionAt(some, minScore))),
    shown(
      withInterval(pictures, (some) => falseAlarmsAt(some, minScore)),
      2,
    ),
    ms.toFixed(1),
  ];
  return `| ${cells.join(" | ")} |`;
}

async function readerTable(all: readonly Named[]): Promise<string[]> {
  const faces = await votedFaces(join(values.data, "train/ferplus"));
  const lines = [
    `| FER+ validation, ${faces.length} faces | right of those that half or more agree on | right of all with a most voted one | happiness AUC | expected calibration error | ms |`,
    "|---|---|---|---|---|---|",
  ];
  for (const { entry, name, from } of all)
    if (entry.task === "expression") lines.push(readerRow(await measureReader({ name, entry, from } as Reader, faces)));
  return lines;
}

function readerRow({ name, agreed, most, happiness, calibration, ms }: ReaderFigures): string {
  const cells = [shown(agreed), shown(most), shown(happiness, 3), shown(calibration, 3), ms.toFixed(2)];
  return `| ${[name, ...cells].join(" | ")} |`;
}

/** Shares with one digit after the per cent, or as they are with more digits. */
function shown(figure: Figure | undefined, digits?: number): string {
  if (figure === undefined) return "not measured";
  const text = (value: number): string => (digits === undefined ? (value * 100).toFixed(1) : value.toFixed(digits));
  return `${text(figure.value)} (${text(figure.low)}–${text(figure.high)})`;
}

function withTable(text: string, lines: readonly string[]): string {
  const marks = /<!-- made: models -->\n[\s\S]*?<!-- end -->/;
  if (!marks.test(text)) throw new Error(`${page} has no place for the table`);
  return text.replace(marks, () => ["<!-- made: models -->", "", ...lines, "", "<!-- end -->"].join("\n"));
}
