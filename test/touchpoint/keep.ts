// What a journal keeps of a step, for tests of restarts: as JSON, and null deletes.

/** Adds what a decision keeps to what was kept before. */
export function keepInto(kept: Record<string, unknown>, keep: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(keep)) {
    if (value === null) delete kept[key];
    else kept[key] = JSON.parse(JSON.stringify(value));
  }
}
