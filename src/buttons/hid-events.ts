// Decodes the kernel's struct input_event from bytes: a pure function that keeps what is not whole yet.

/** Bytes of one event: two longs of time, type, code, value. A long is 8 bytes on 64-bit userlands and 4 on 32-bit. */
export type EventBytes = 24 | 16;

export interface KeyEvent {
  readonly kind: "key";
  readonly code: number;
  /** `repeat` is the keyboard's own auto-repeat of a held key. */
  readonly action: "down" | "up" | "repeat";
  /** Time of the device's clock, nanoseconds. */
  readonly atNs: bigint;
}

/** The kernel's buffer ran over: keys were lost and what is held is not known. */
export interface LostEvents {
  readonly kind: "lost";
}

const EV_SYN = 0;
const EV_KEY = 1;
const SYN_DROPPED = 3;
const ACTIONS = ["up", "down", "repeat"] as const;

/** Size of the structure for a processor as Node names it. */
export function eventBytes(arch: string): EventBytes {
  return arch === "arm" || arch === "ia32" || arch === "mips" || arch === "mipsel" ? 16 : 24;
}

/**
 * Decodes all whole events of `rest` followed by `chunk`; other types than keys say nothing, values that no key has
 * are skipped.
 * @returns the events, and the bytes of an event that is not whole yet (fewer than `size`)
 */
export function decodeEvents(
  rest: Buffer,
  chunk: Buffer,
  size: EventBytes,
): { events: (KeyEvent | LostEvents)[]; rest: Buffer } {
  const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
  const events: (KeyEvent | LostEvents)[] = [];
  let at = 0;
  for (; at + size <= bytes.length; at += size) {
    const type = bytes.readUInt16LE(at + size - 8);
    const code = bytes.readUInt16LE(at + size - 6);
    if (type === EV_SYN && code === SYN_DROPPED) events.push({ kind: "lost" });
    if (type !== EV_KEY) continue;
    const action = ACTIONS[bytes.readInt32LE(at + size - 4)];
    if (action === undefined) continue;
    events.push({ kind: "key", code, action, atNs: eventTime(bytes, at, size) });
  }
  return { events, rest: Buffer.from(bytes.subarray(at)) };
}

function eventTime(bytes: Buffer, at: number, size: EventBytes): bigint {
  const seconds = size === 24 ? bytes.readBigUInt64LE(at) : BigInt(bytes.readUInt32LE(at));
  const microseconds = size === 24 ? bytes.readBigUInt64LE(at + 8) : BigInt(bytes.readUInt32LE(at + 4));
  return seconds * 1_000_000_000n + microseconds * 1_000n;
}
