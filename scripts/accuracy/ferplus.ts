// FER+ validation faces with their votes, where the data lies beside the project.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Frame } from "../../src/vision/frame.ts";
import { readPicture } from "../../src/vision/picture.ts";
import { EXPRESSIONS, type Expression } from "../../src/words/events.ts";

/** Side of a face's picture, and faces a row of a sheet. */
export const TILE = 48;
const ACROSS = 64;

export interface VotedFace {
  readonly tile: Frame;
  /** Whom more voted for than for any other; faces without one, or voted unknown or no face, are left out. */
  readonly majority: Expression;
  /** Whether half of the voters or more agree on it, votes that nobody shares left out: the majority mode of FER+. */
  readonly agreed: boolean;
  /** Shares of the votes for the eight expressions. */
  readonly votes: Readonly<Record<Expression, number>>;
}

/** @param folder `train/ferplus` of the shared data */
export async function votedFaces(folder: string): Promise<VotedFace[]> {
  const sheet = await readPicture(join(folder, "valid_00.webp"));
  const row = new Map(
    readFileSync(join(folder, "valid_label.csv"), "utf8")
      .trim()
      .split("\n")
      .map((line) => [
        line.slice(0, line.indexOf(",")),
        line
          .slice(line.indexOf('",') + 2)
          .split(",")
          .map(Number),
      ]),
  );
  const names = readFileSync(join(folder, "valid_names.txt"), "utf8").trim().split("\n");
  return names.flatMap((name, i): VotedFace[] => {
    const counts = row.get(name) ?? [];
    const most = Math.max(...counts);
    const [winner, other] = counts.flatMap((count, n) => (count === most ? [n] : []));
    const majority = EXPRESSIONS[winner ?? -1];
    if (majority === undefined || other !== undefined) return [];
    const total = EXPRESSIONS.reduce((sum, _, n) => sum + (counts[n] ?? 0), 0);
    const votes = Object.fromEntries(EXPRESSIONS.map((one, n) => [one, (counts[n] ?? 0) / total]));
    const shared = counts.reduce((sum, count) => sum + (count > 1 ? count : 0), 0);
    return [{ tile: tileAt(sheet, i), majority, agreed: most * 2 >= shared, votes: votes as VotedFace["votes"] }];
  });
}

function tileAt(sheet: Frame, i: number): Frame {
  const rgb = new Uint8Array(TILE * TILE * 3);
  const [left, top] = [(i % ACROSS) * TILE, Math.floor(i / ACROSS) * TILE];
  for (let y = 0; y < TILE; y += 1) {
    const from = ((top + y) * sheet.width + left) * 3;
    rgb.set(sheet.rgb.subarray(from, from + TILE * 3), y * TILE * 3);
  }
  return { width: TILE, height: TILE, rgb };
}
