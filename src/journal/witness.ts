// A second memory of the stream beside the journal: a copy of the journal that is put back later is older than it.
import { readFileSync } from "node:fs";
import { z } from "zod";
import { writeDurably } from "../durable.ts";

const MOST_ENDED = 50;
const Witness = z.object({
  stream: z.string(),
  head: z.int().min(0),
  /** Streams that ended here and must never go on. */
  ended: z.array(z.string()),
});
export type Witness = z.infer<typeof Witness>;

const fileOf = (file: string): string => `${file}.witness`;

/** What was written last; undefined where there is nothing that can be read. */
export function readWitness(file: string): Witness | undefined {
  try {
    return Witness.safeParse(JSON.parse(readFileSync(fileOf(file), "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** Remembers how far the stream has come. @throws what the file system says */
export function writeWitness(file: string, stream: string, head: number): void {
  const before = readWitness(file);
  if (before?.stream === stream && before.head === head) return;
  const ended = before === undefined ? [] : before.stream === stream ? before.ended : [...before.ended, before.stream];
  writeDurably(fileOf(file), `${JSON.stringify({ stream, head, ended: ended.slice(-MOST_ENDED) })}\n`);
}
