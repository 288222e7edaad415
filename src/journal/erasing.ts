// The `erased` events of an erasure: they own the numbers and tell the server, and never say what was erased. Pure.
import { createHash } from "node:crypto";
import type { ErasedData, ErasureOrder } from "../words/erased.ts";
import type { ErasablePart } from "./erasable.ts";
import { countOf, type Range, rangesInParts } from "./retention.ts";

/**
 * One event for each part, more where a part has too many ranges for one.
 * @param newSalt 16 random bytes, hexadecimal; another one for each value, so that two orders do not tell that they are alike
 */
export function erasedEvents(order: ErasureOrder, parts: readonly ErasablePart[], newSalt: () => string): ErasedData[] {
  const { erasable, ...said } = order;
  const matches = valuesOf(erasable).map((value) => {
    const salt = newSalt();
    return { salt, sha256: createHash("sha256").update(salt).update(value, "utf8").digest("hex") };
  });
  const span =
    erasable.what !== "span"
      ? {}
      : {
          from: erasable.from,
          to: erasable.to,
          ...(erasable.touchpoint === undefined ? {} : { touchpoint: erasable.touchpoint }),
        };
  return parts.flatMap(({ stream, ranges, count }) => {
    const pieces = ranges.length === 0 ? [[]] : rangesInParts(ranges);
    return pieces.map(
      (piece: readonly Range[]): ErasedData => ({
        what: erasable.what,
        stream,
        ranges: piece.map(([first, last]) => [first, last]),
        count: pieces.length === 1 ? count : countOf(piece),
        ...(matches.length === 0 ? {} : { matches }),
        ...span,
        ...said,
      }),
    );
  });
}

function valuesOf(erasable: ErasureOrder["erasable"]): string[] {
  if (erasable.what === "customer") return erasable.customers.map(({ hash }) => hash);
  return erasable.what === "transaction" ? [erasable.transaction] : [];
}
