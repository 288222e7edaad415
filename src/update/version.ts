// Which of two versions is the newer: precedence of Semantic Versioning 2.0.0, section 11. Pure.

export const VERSION = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;

/** Above 0 where `a` is the newer, 0 where neither is. Both must fit {@link VERSION}. */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [partsOf(a), partsOf(b)];
  for (const [n, number] of one.numbers.entries()) {
    const difference = number - (other.numbers[n] ?? 0);
    if (difference !== 0) return difference;
  }
  // A version before another of the same numbers: 1.0.0-rc.1 before 1.0.0.
  if (one.before.length === 0 || other.before.length === 0)
    return Number(one.before.length === 0) - Number(other.before.length === 0);
  for (let n = 0; n < Math.max(one.before.length, other.before.length); n += 1) {
    const [left, right] = [one.before[n], other.before[n]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    if (left === right) continue;
    const numeric = [left, right].map((part) => /^\d+$/.test(part));
    if (numeric[0] && numeric[1]) return Number(left) - Number(right);
    if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return 0;
}

function partsOf(version: string): { readonly numbers: readonly number[]; readonly before: readonly string[] } {
  const [, major, minor, patch, before] = VERSION.exec(version) ?? [];
  return { numbers: [major, minor, patch].map(Number), before: before?.split(".") ?? [] };
}
