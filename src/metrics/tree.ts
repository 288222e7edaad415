// Counts as trees of numbers: two of them are merged by adding leaf to leaf. Pure.

/** Any object whose leaves are numbers. */
interface Tree {
  [name: string]: number | Tree;
}

/**
 * Adds the counts of another window or device; `into` is changed, `from` is not, and shares nothing with it. For every
 * kind of counts in this room counting A and then B equals merging the counts of A with those of B.
 */
export function merge<T extends object>(into: T, from: T): void {
  addTree(into as unknown as Tree, from as unknown as Tree);
}

function addTree(into: Tree, from: Tree): void {
  for (const [name, value] of Object.entries(from)) {
    if (typeof value === "number") addOne(into as Record<string, number>, name, value);
    else
      addTree(
        branchOf(into as Record<string, Tree>, name, () => ({})),
        value,
      );
  }
}

/** The part of a tree that has this name, made where it is not there yet. The name may be any text, `__proto__` too. */
export function branchOf<T>(of: Record<string, T>, name: string, make: () => T): T {
  const before = Object.hasOwn(of, name) ? of[name] : undefined;
  if (before !== undefined) return before;
  const made = make();
  Object.defineProperty(of, name, { value: made, enumerable: true, writable: true, configurable: true });
  return made;
}

/** One more of `name`, or `by` more; the name may be any text. */
export function addOne(of: Record<string, number>, name: string, by = 1): void {
  const before = Object.hasOwn(of, name) ? (of[name] ?? 0) : 0;
  Object.defineProperty(of, name, { value: before + by, enumerable: true, writable: true, configurable: true });
}
