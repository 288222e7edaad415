// Near-misses: valid text spoiled a little, and pure noise, from a seed. Pure.

/** Random bytes. */
export function noise(random: () => number, bytes: number): Buffer {
  const made = Buffer.allocUnsafe(bytes);
  for (let at = 0; at < bytes; at += 1) made[at] = Math.floor(random() * 256);
  return made;
}

/** Spoils `text` in one to three places: bits flipped, bytes lost, doubled, swapped or put in, the end cut off. */
export function mutant(random: () => number, text: Buffer): Buffer {
  let bytes = Buffer.from(text);
  const times = 1 + Math.floor(random() * 3);
  for (let time = 0; time < times && bytes.length > 1; time += 1) {
    const at = Math.floor(random() * bytes.length);
    const kind = Math.floor(random() * 6);
    if (kind === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - 7))]);
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(at), bytes.subarray(0, at)]);
    else if (kind === 4) bytes = Buffer.concat([bytes.subarray(0, at), noise(random, 3), bytes.subarray(at)]);
    else bytes = bytes.subarray(0, at);
  }
  return bytes;
}

/** One of several. */
export function pick<T>(random: () => number, from: readonly [T, ...T[]]): T {
  return from[Math.floor(random() * from.length)] ?? from[0];
}
