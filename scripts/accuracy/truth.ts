// The pictures on which detectors are judged, each set with where its boxes come from and who has seen it in training.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/place.ts";
import type { Frame, Size } from "../../src/vision/frame.ts";
import { readPicture } from "../../src/vision/picture.ts";
import type { Box } from "../../src/words/inputs.ts";
import { framesOf, readLabels } from "./labels.ts";
import { setAside } from "./set-aside.ts";

export type Task = "face" | "person";

export interface TruthPicture {
  /** As the data set or the label file names it. */
  readonly name: string;
  readonly frame: Frame;
  /** Shares of the picture. */
  readonly drawn: readonly Box[];
}

export interface TruthSet {
  readonly name: string;
  readonly task: Task;
  readonly truth: "drawn by people" | "by eye, from proposals" | "nobody is there" | "agreement with YuNet";
  /** How much of it our own nets saw in training: then their figures flatter them. */
  readonly seen: "unseen by ours" | "seen by ours" | "some seen by ours";
  pictures(): AsyncGenerator<TruthPicture>;
}

interface LabelFile {
  readonly [name: string]: { readonly boxes: readonly (readonly [number, number, number, number, ...unknown[]])[] };
}

/** Sets whose pictures lie below `data`; what is not there is left out. */
export function truthSets(data: string): TruthSet[] {
  const openly = join(data, "train/openly-licensed");
  const persons = ["coco_val2017_ccby", "coco_val2017_ccby_more"] as const;
  const negatives = ["coco_val2017_noperson_ccby", "grocery_store_dataset", "shop_products_closeup"] as const;
  const sets: TruthSet[] = [
    set("photographs set aside", "person", "drawn by people", "unseen by ours", () =>
      chain(persons.map((folder) => openlyLicensed(openly, `persons/${folder}`))),
    ),
    set("Penn-Fudan, every fourth of those at hand", "person", "drawn by people", "seen by ours", () =>
      pennFudan(data),
    ),
    set("shop from above, later half of one scene", "person", "drawn by people", "unseen by ours", () =>
      openlyLicensed(openly, "persons/overhead_furniture_shop"),
    ),
    set("COCO128", "person", "drawn by people", "seen by ours", () => coco128(data)),
    set("groceries, packets, rooms set aside", "person", "nobody is there", "unseen by ours", () =>
      chain(negatives.map((folder) => openlyLicensed(openly, `negatives/${folder}`))),
    ),
    ...(["person", "face"] as const).map((task) =>
      set("six clips", task, "by eye, from proposals", "some seen by ours", () => labelled(data, task, CLIPS)),
    ),
    set("one-by-one", "person", "by eye, from proposals", "seen by ours", () =>
      labelled(data, "person", ["one-by-one"]),
    ),
    set("photographs set aside", "face", "by eye, from proposals", "unseen by ours", () =>
      labelled(data, "face", ["photographs"]),
    ),
    set("COCO with attribution, set aside", "face", "agreement with YuNet", "unseen by ours", () =>
      proposedFaces(openly),
    ),
    set("groceries, packets, rooms set aside", "face", "nobody is there", "unseen by ours", () =>
      chain(negatives.map((folder) => openlyLicensed(openly, `negatives/${folder}`, "hands too"))),
    ),
  ];
  return existsSync(openly) ? sets : [];
}

const CLIPS = ["classroom", "walking", "turning-female", "turning-male", "hall", "worker"] as const;

function set(
  name: string,
  task: Task,
  truth: TruthSet["truth"],
  seen: TruthSet["seen"],
  pictures: TruthSet["pictures"],
): TruthSet {
  return { name, task, truth, seen, pictures };
}

async function* chain(parts: readonly AsyncGenerator<TruthPicture>[]): AsyncGenerator<TruthPicture> {
  for (const part of parts) yield* part;
}

/** Pictures set aside. Groceries that may show a hand are left out of those without persons: a hand is part of one. */
async function* openlyLicensed(openly: string, folder: string, which: "no hands" | "hands too" = "no hands") {
  type Rows = LabelFile & { readonly [name: string]: { readonly may_show_hand?: boolean } };
  const rows = JSON.parse(readFileSync(join(openly, folder, "labels.json"), "utf8")) as Rows;
  for (const name of setAside(`openly-licensed/${folder}`)) {
    const row = rows[name];
    if (row === undefined || (which === "no hands" && row.may_show_hand === true)) continue;
    const frame = await readPicture(join(openly, folder, name));
    yield { name, frame, drawn: row.boxes.map((box) => shares(box, frame)) };
  }
}

/** Pictures set aside, with face boxes proposed by YuNet and looked at: some faces may have none. */
async function* proposedFaces(openly: string): AsyncGenerator<TruthPicture> {
  const rows = JSON.parse(readFileSync(join(openly, "faces/coco_val2017_ccby.json"), "utf8")) as LabelFile;
  for (const folder of ["coco_val2017_ccby", "coco_val2017_ccby_more"])
    for (const name of setAside(`openly-licensed/persons/${folder}`)) {
      const boxes = rows[name]?.boxes;
      if (boxes === undefined) continue;
      const frame = await readPicture(join(openly, "persons", folder, name));
      yield { name, frame, drawn: boxes.map((box) => shares(box, frame)) };
    }
}

async function* pennFudan(data: string): AsyncGenerator<TruthPicture> {
  const folder = join(data, "train/pennfudan");
  for (const name of setAside("pennfudan")) {
    const frame = await readPicture(join(folder, "PNGImages", name));
    const text = readFileSync(join(folder, "Annotation", name.replace(".png", ".txt")), "latin1");
    const rows = text.matchAll(/\(Xmin, Ymin\) - \(Xmax, Ymax\) : \((\d+), (\d+)\) - \((\d+), (\d+)\)/g);
    yield { name, frame, drawn: [...rows].map(([, ...row]) => shares(row.map(Number), frame)) };
  }
}

/** Class 0 is person; rows are class, middle, width and height as shares. A picture without a file has no objects. */
async function* coco128(data: string): AsyncGenerator<TruthPicture> {
  const folder = join(data, "train/coco128");
  for (const name of readdirSync(join(folder, "images")).toSorted()) {
    const labels = join(folder, "boxes", name.replace(".jpg", ".txt"));
    const rows = existsSync(labels) ? readFileSync(labels, "utf8").trim().split("\n") : [];
    const drawn = rows.flatMap((row): Box[] => {
      const [kind, x = 0, y = 0, w = 0, h = 0] = row.split(/\s+/).map(Number);
      return kind === 0 ? [[x - w / 2, y - h / 2, w, h]] : [];
    });
    yield { name, frame: await readPicture(join(folder, "images", name)), drawn };
  }
}

async function* labelled(data: string, task: Task, names: readonly string[]): AsyncGenerator<TruthPicture> {
  for (const name of names) {
    const labels = readLabels(join(packageRoot(), "scripts/accuracy/labels", `${name}.json`));
    const rows = new Map(labels.frames.map((row) => [row.frame, row]));
    const files = labels.frames.flatMap(({ frame }) => (typeof frame === "string" ? [frame] : []));
    for await (const { key, frame } of framesOf(data, labels, files)) {
      const drawn = task === "face" ? rows.get(key)?.faces : rows.get(key)?.persons;
      if (drawn !== undefined) yield { name: `${name} ${key}`, frame, drawn };
    }
  }
}

function shares([x1 = 0, y1 = 0, x2 = 0, y2 = 0]: readonly unknown[], { width, height }: Size): Box {
  const [left, top] = [Number(x1) / width, Number(y1) / height];
  return [left, top, Number(x2) / width - left, Number(y2) / height - top];
}
