// What a technician tapped at the door, as lines of a file: read back, undone where undone. Pure.
import { z } from "zod";
import { Fault } from "../words/errors.ts";
import { instant } from "../words/instant.ts";
import type { Crossing } from "./audit.ts";

/** One line of a file of taps; `undo` takes back the last `in` or `out` that still stands. */
export const Tap = z.object({
  tap: z.enum(["start", "in", "out", "undo", "end"]),
  time: instant.or(z.iso.datetime({ offset: true })).describe("UTC, or with its offset"),
  line: z.string().optional().describe("touchpoint/line, or the line alone; absent: the first that is audited"),
  boot: z.string().optional(),
  mono: z.number().optional().describe("boottime of this boot, milliseconds"),
});
export type Tap = z.infer<typeof Tap>;

/** What was watched: taps that still stand, and the time from the first line to the last. */
export interface Watch {
  /** Boot whose boottime the times are; undefined: they are UTC milliseconds. */
  readonly boot: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  readonly taps: readonly Crossing[];
}

/** As {@link Tap} says, from NDJSON, or from CSV with a heading that names its columns. @throws Fault TAPS_INVALID with the line */
export function readTaps(text: string): Tap[] {
  const rows = text.split(/\r?\n/).map((row, i) => ({ row: row.trim(), number: i + 1 }));
  const filled = rows.filter(({ row }) => row !== "");
  const [heading, ...below] = filled;
  if (heading === undefined) throw new Fault("TAPS_INVALID", "there are no taps in it");
  if (heading.row.startsWith("{")) return filled.map(({ row, number }) => checked(parsed(row, number), number));
  const columns = heading.row.split(",").map((name) => name.trim());
  return below.map(({ row, number }) => {
    const cells = row.split(",").map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
    const fields = columns.map((name, i): [string, unknown] => [name, cells[i] === "" ? undefined : cells[i]]);
    const { mono, ...rest } = Object.fromEntries(fields);
    return checked({ ...rest, ...(mono === undefined ? {} : { mono: Number(mono) }) }, number);
  });
}

/**
 * @param nameOf the whole name of a line as it is written in a tap; undefined where there is none of that name
 * @throws Fault TAPS_INVALID for an unknown line, or where nothing was tapped
 */
export function watchOf(all: readonly Tap[], nameOf: (line: string | undefined) => string | undefined): Watch {
  const [first] = all;
  if (first === undefined) throw new Fault("TAPS_INVALID", "nothing was tapped");
  // Boottime does not jump; but it is of one boot, and a file from elsewhere has none.
  const boot = all.every((one) => one.mono !== undefined && one.boot === first.boot) ? first.boot : undefined;
  const at = ({ mono, time }: Tap): number => (boot === undefined ? Date.parse(time) : (mono ?? 0));
  const taps: Crossing[] = [];
  for (const one of all) {
    if (one.tap === "undo") taps.pop();
    if (one.tap !== "in" && one.tap !== "out") continue;
    const line = nameOf(one.line);
    if (line === undefined) throw new Fault("TAPS_INVALID", `no line "${one.line ?? ""}" is audited`);
    taps.push({ atMs: at(one), line, direction: one.tap });
  }
  const times = all.map(at);
  const [fromMs, toMs] = times.reduce(([low, high], ms) => [Math.min(low, ms), Math.max(high, ms)], [
    Infinity,
    -Infinity,
  ] as [number, number]);
  return { boot, fromMs, toMs, taps };
}

function parsed(row: string, number: number): unknown {
  try {
    return JSON.parse(row);
  } catch {
    throw new Fault("TAPS_INVALID", `line ${number} is no JSON`);
  }
}

function checked(value: unknown, number: number): Tap {
  const tap = Tap.safeParse(value);
  if (tap.success) return tap.data;
  const [issue] = tap.error.issues;
  throw new Fault("TAPS_INVALID", `line ${number}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim());
}
