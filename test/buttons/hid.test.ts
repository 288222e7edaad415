// USB keys: the decoder over any bytes in any pieces, codes of wedge readers, and the driver over a pipe.
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hidPad } from "../../src/buttons/hid.ts";
import {
  decodeEvents,
  type EventBytes,
  eventBytes,
  type KeyEvent,
  type LostEvents,
} from "../../src/buttons/hid-events.ts";
import { keyCharacter, keyName } from "../../src/buttons/hid-keys.ts";
import { EMPTY_WEDGE, MOST_CHARACTERS, onWedgeKey, SILENCE_MS } from "../../src/buttons/hid-wedge.ts";
import { PadConfig } from "../../src/config/pads.ts";
import { runPad, until } from "./pin-rig.ts";

/** One struct input_event as the kernel writes it. */
function raw(size: EventBytes, type: number, code: number, value: number, atNs = 1_500_000_000n): Buffer {
  const bytes = Buffer.alloc(size);
  const [seconds, microseconds] = [atNs / 1_000_000_000n, (atNs % 1_000_000_000n) / 1_000n];
  if (size === 24) {
    bytes.writeBigUInt64LE(seconds, 0);
    bytes.writeBigUInt64LE(microseconds, 8);
  } else {
    bytes.writeUInt32LE(Number(seconds), 0);
    bytes.writeUInt32LE(Number(microseconds), 4);
  }
  bytes.writeUInt16LE(type, size - 8);
  bytes.writeUInt16LE(code, size - 6);
  bytes.writeInt32LE(value, size - 4);
  return bytes;
}

/** Down and up of a key with the kernel's own marks around them: MSC_SCAN and SYN_REPORT. */
function stroke(size: EventBytes, code: number): Buffer {
  const around = (value: number) => [raw(size, 4, 4, 458_782), raw(size, 1, code, value), raw(size, 0, 0, 0)];
  return Buffer.concat([...around(1), ...around(0)]);
}

function decodeAll(pieces: readonly Buffer[], size: EventBytes): (KeyEvent | LostEvents)[] {
  let rest: Buffer = Buffer.alloc(0);
  return pieces.flatMap((piece) => {
    const step = decodeEvents(rest, piece, size);
    rest = step.rest;
    expect(rest.length).toBeLessThan(size);
    return step.events;
  });
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...at.map((place) => place % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end));
}

describe.each([24, 16] as const)("input_event of %i bytes", (size) => {
  test("decodes keys and skips the rest", () => {
    expect(decodeAll([stroke(size, 2)], size)).toEqual([
      { kind: "key", code: 2, action: "down", atNs: 1_500_000_000n },
      { kind: "key", code: 2, action: "up", atNs: 1_500_000_000n },
    ]);
    expect(decodeAll([raw(size, 1, 2, 2)], size)).toMatchObject([{ action: "repeat" }]);
    expect(decodeAll([raw(size, 0, 3, 0)], size)).toEqual([{ kind: "lost" }]);
    expect(decodeAll([raw(size, 1, 2, -1), raw(size, 1, 2, 3)], size)).toEqual([]);
  });

  test("any bytes cut anywhere decode as the whole does", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array)),
      fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 8 }).map((codes) => {
        return Buffer.concat(codes.map((code) => stroke(size, code)));
      }),
    );
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(500), { maxLength: 20 }), (all, at) => {
        expect(decodeAll(cut(all, at), size)).toEqual(decodeAll([all], size));
      }),
    );
  });
});

test("32-bit userlands have the small structure", () => {
  expect([eventBytes("arm"), eventBytes("arm64"), eventBytes("x64"), eventBytes("ia32")]).toEqual([16, 24, 24, 16]);
});

test("keys have the kernel's names and a US keyboard's characters", () => {
  expect([1, 2, 11, 28, 30, 57, 79, 96, 100, 119, 121, 183, 194, 0x101].map(keyName)).toEqual(
    "KEY_ESC KEY_1 KEY_0 KEY_ENTER KEY_A KEY_SPACE KEY_KP1 KEY_KPENTER KEY_RIGHTALT KEY_PAUSE KEY_KPCOMMA KEY_F13 KEY_F24 BTN_1".split(
      " ",
    ),
  );
  expect([84, 0x2ff].map(keyName)).toEqual(["CODE_84", "CODE_767"]);
  const typed = (codes: number[], shift: boolean) => codes.map((code) => keyCharacter(code, shift) ?? "·").join("");
  expect(typed([2, 11, 12, 16, 38, 44, 53, 41, 43, 40, 82, 83, 98, 59], false)).toBe("10-qlz/`\\'0./·");
  expect(typed([2, 11, 12, 16, 38, 44, 53, 41, 43, 40, 3], true)).toBe('!)_QLZ?~|"@');
});

describe("wedge", () => {
  const ENTER = 28;
  const SHIFT = 42;
  const key = (code: number, action: KeyEvent["action"] = "down"): KeyEvent => ({
    kind: "key",
    code,
    action,
    atNs: 0n,
  });

  function type(events: readonly (KeyEvent | LostEvents)[], gapMs = 3): { codes: string[]; dropped: string[] } {
    let wedge = EMPTY_WEDGE;
    const codes: string[] = [];
    const dropped: string[] = [];
    for (const [i, event] of events.entries()) {
      const step = onWedgeKey(wedge, event, 10_000 + i * gapMs);
      wedge = step.wedge;
      expect(wedge.typed.length).toBeLessThanOrEqual(MOST_CHARACTERS);
      if (step.code !== undefined) codes.push(step.code);
      if (step.dropped !== undefined) dropped.push(step.dropped);
    }
    return { codes, dropped };
  }

  const ALPHABET = new Map<string, { code: number; shift: boolean }>();
  for (let code = 127; code > 0; code -= 1)
    for (const shift of [true, false]) {
      const character = keyCharacter(code, shift);
      if (character !== undefined) ALPHABET.set(character, { code, shift });
    }

  test("any text a US keyboard can type comes back whole", () => {
    const character = fc.constantFrom(...ALPHABET.keys());
    fc.assert(
      fc.property(fc.array(character, { minLength: 1, maxLength: MOST_CHARACTERS }), (text) => {
        const events = text.flatMap((one) => {
          const { code, shift } = ALPHABET.get(one) ?? { code: 0, shift: false };
          const stroke = [key(code), key(code, "up")];
          return shift ? [key(SHIFT), ...stroke, key(SHIFT, "up")] : stroke;
        });
        expect(type([...events, key(ENTER), key(ENTER, "up")]).codes).toEqual([text.join("")]);
      }),
    );
  });

  test("garbage gives bounded codes and never throws", () => {
    const event = fc.oneof(
      fc.record({
        kind: fc.constant("key" as const),
        code: fc.nat(800),
        action: fc.constantFrom("down" as const, "up" as const, "repeat" as const),
        atNs: fc.constant(0n),
      }),
      fc.constant({ kind: "lost" as const }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 600 }), fc.constantFrom(0, 3, 2_000), (events, gapMs) => {
        for (const code of type(events, gapMs).codes) expect(code.length).toBeGreaterThan(0);
      }),
    );
  });

  test("a code of more than 256 characters is dropped up to its Enter, the next one is read", () => {
    const long = Array.from({ length: 300 }, () => key(30));
    expect(type([...long, key(ENTER), key(48), key(ENTER)])).toEqual({
      codes: ["b"],
      dropped: ["more than 256 characters"],
    });
    expect(type([...long.slice(0, MOST_CHARACTERS), key(ENTER)]).codes).toEqual(["a".repeat(MOST_CHARACTERS)]);
  });

  test("keys without Enter are dropped after a silence, and their content is not told", () => {
    const result = type([key(30), key(48), key(46), key(ENTER)], SILENCE_MS + 1);
    expect(result.codes).toEqual([]);
    expect(result.dropped).toEqual(["keys without Enter", "keys without Enter", "keys without Enter"]);
  });

  test("after lost keys the rest of the code is not taken for one", () => {
    expect(type([key(30), { kind: "lost" }, key(48), key(ENTER), key(46), key(ENTER)])).toEqual({
      codes: ["c"],
      dropped: ["keys lost"],
    });
  });
});

describe("driver", () => {
  let dir = "";
  let device = "";
  let fd = -1;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "hid-"));
    device = join(dir, "event");
    execFileSync("mkfifo", [device]);
    fd = openSync(device, "r+");
  });
  afterEach(() => {
    closeSync(fd);
    rmSync(dir, { recursive: true, force: true });
  });

  const size = eventBytes(process.arch);
  /** A pipe can be neither grabbed nor stamped; the sign that it is open comes all the same. */
  const pipe = (path: string) => ({ program: "sh", args: ["-c", 'printf +; exec cat "$0"', path] });
  const hid = (more: object = {}) => {
    const config = PadConfig.parse({ id: "p1", driver: "hid", device, ...more });
    if (config.driver !== "hid") throw new Error("not hid");
    return config;
  };

  test("keypad: each key a press, a bounce of the same key is none, an unknown key is counted", async () => {
    const pad = runPad(hidPad(hid({ buttons: { KEY_1: "bad", KEY_2: "good" } }), pipe));
    await until(() => pad.port() !== undefined, "open");
    const now = process.hrtime.bigint();
    const at = (code: number, value: number, ms: number) => raw(size, 1, code, value, now + BigInt(ms) * 1_000_000n);
    const keys = [at(2, 1, -400), at(2, 0, -399), at(2, 1, -395), at(2, 0, -390), at(3, 1, -300), at(3, 0, -298)];
    const all = Buffer.concat([...keys, at(30, 1, -200), at(2, 1, -100), at(2, 2, -50), at(2, 0, -10)]);
    for (const piece of cut(all, [5, 31, 32, 100])) writeSync(fd, piece);
    await until(() => pad.presses().length === 3, "three presses");
    await until(() => pad.dropped.length === 1, "one dropped");
    expect(pad.presses()).toEqual(["bad", "good", "bad"]);
    expect(pad.dropped.map(({ code }) => code)).toEqual(["BUTTON_UNKNOWN"]);
    await pad.stop();
    expect(await pad.ended).toBeUndefined();
  });

  test("keypad without a map names its keys as the kernel does; a key held on is stuck, and well when released", async () => {
    const pad = runPad(hidPad(hid({ stuckMs: 30 }), pipe));
    await until(() => pad.port() !== undefined, "open");
    writeSync(fd, raw(size, 1, 79, 1, process.hrtime.bigint()));
    await until(() => pad.inputs.length === 2, "stuck");
    writeSync(fd, raw(size, 1, 79, 0, process.hrtime.bigint()));
    await until(() => pad.inputs.length === 3, "well");
    await pad.stop();
    expect(pad.inputs.map((input) => (input.kind === "condition" ? input.condition : input.kind))).toEqual([
      "press",
      "stuck",
      "ok",
    ]);
    expect(pad.presses()).toEqual(["KEY_KP1"]);
  });

  test("wedge: a scan; random bytes before it change nothing but counts", async () => {
    const pad = runPad(hidPad(hid({ mode: "wedge" }), pipe));
    await until(() => pad.port() !== undefined, "open");
    // Whole events of other types and codes, as a device full of sensors would send.
    for (let i = 0; i < 200; i += 1) writeSync(fd, raw(size, 2 + (i % 20), (i * 37) % 65_536, i * 7));
    const keys = [30, 3, 4, 28].flatMap((code) => [stroke(size, code)]);
    writeSync(fd, Buffer.concat(keys));
    await until(() => pad.inputs.length === 1, "a scan");
    expect(pad.inputs[0]).toMatchObject({ kind: "scan", pad: "p1", code: "a23" });
    await pad.stop();
  });

  test("unplugged with a stuck key: the condition is taken back, for nobody watches the key now", async () => {
    const held = raw(size, 1, 2, 1, process.hrtime.bigint());
    writeFileSync(join(dir, "held"), held);
    // Passes on one key that goes down, then ends when its own input does.
    const reader = () => ({
      program: "sh",
      args: ["-c", 'printf +; cat "$0"; read line < "$1"', join(dir, "held"), device],
    });
    const pad = runPad(hidPad(hid({ stuckMs: 30 }), reader));
    await until(() => pad.inputs.length === 2, "stuck");
    writeSync(fd, "gone\n");
    expect((await pad.ended)?.code).toBe("HID_LOST");
    expect(pad.inputs.at(-1)).toMatchObject({ kind: "condition", button: "KEY_1", condition: "ok" });
  });

  test("a reader that ends is HID_LOST", async () => {
    const ends = () => ({ program: "sh", args: ["-c", "printf +; echo 'lost: No such device' >&2; exit 19"] });
    const pad = runPad(hidPad(hid(), ends));
    const fault = await pad.ended;
    expect(fault?.code).toBe("HID_LOST");
    expect(fault?.message).toContain("No such device");
  });

  test("with the real grabber an absent device, and one that is no input device, are HID_OPEN", async () => {
    const absent = await runPad(hidPad(hid({ device: join(dir, "absent") }))).ended;
    expect(absent?.code).toBe("HID_OPEN");
    expect(absent?.message).toContain("No such file");
    writeFileSync(join(dir, "file"), "x");
    const file = await runPad(hidPad(hid({ device: join(dir, "file") }))).ended;
    expect(file?.code).toBe("HID_OPEN");
    expect(file?.message).toContain("no input device");
  });
});
