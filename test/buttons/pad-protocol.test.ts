import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLineCutter } from "../../src/buttons/lines.ts";
import {
  checksum,
  decodeSentence,
  encodeAcknowledge,
  encodeButton,
  encodeHello,
  encodeIndicate,
  MAX_SENTENCE,
} from "../../src/buttons/pad-protocol.ts";
import { protocolReader } from "../../src/buttons/serial-readers.ts";
import type { PadInput } from "../../src/words/inputs.ts";

const name = fc.stringMatching(/^[A-Za-z0-9_.-]{1,16}$/);

describe("pad protocol", () => {
  it("writes and reads the contract's sentences", () => {
    const ref = { port: "x", pad: "p1", session: "9f3a", counter: 65_535 };
    expect(encodeAcknowledge(ref)).toBe("$TPACK,p1,9f3a,65535*1D\r\n");
    expect(decodeSentence("$TPHLO,1,p1,9f3a,1.2,*50".replace(/..$/, checksum("TPHLO,1,p1,9f3a,1.2,")))).toEqual({
      kind: "hello",
      protocol: 1,
      pad: "p1",
      session: "9f3a",
      firmware: "1.2",
    });
    expect(decodeSentence(encodeIndicate("p1", "thanks").trim())).toEqual({
      kind: "indicate",
      pad: "p1",
      pattern: "thanks",
    });
  });

  it("computes the checksum of NMEA 0183", () => {
    // Example sentence of the standard's own literature.
    expect(checksum("GPGLL,5300.97914,N,00259.98174,E,125926,A")).toBe("28");
  });

  it("reads back whatever it writes, within 82 bytes", () => {
    fc.assert(
      fc.property(name, name, fc.nat(65_535), name, fc.nat(4_294_967_295), (pad, session, counter, button, ageMs) => {
        const sentence = encodeButton({ port: "x", pad, session, counter }, button, ageMs);
        expect(sentence.length).toBeLessThanOrEqual(MAX_SENTENCE);
        expect(decodeSentence(sentence.trim())).toEqual({ kind: "button", pad, session, counter, button, ageMs });
      }),
    );
  });

  it("never believes a sentence with one byte changed", () => {
    const good = encodeButton({ port: "x", pad: "p1", session: "9f3a", counter: 7 }, "4", 12).trim();
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bad = good.slice(0, at) + String.fromCharCode(good.charCodeAt(at) ^ flip) + good.slice(at + 1);
        // Letter case of the two checksum digits is no error.
        fc.pre(bad.toUpperCase() !== good.toUpperCase());
        expect(() => decodeSentence(bad)).toThrowError(expect.objectContaining({ code: "SENTENCE_INVALID" }));
      }),
    );
  });
});

describe("serial reading", () => {
  const collect = () => {
    const inputs: PadInput[] = [];
    const codes: string[] = [];
    const config = { id: "p1", port: "/dev/pad", pads: { p1: "p1" } };
    const reader = protocolReader(config, {
      input: (one) => inputs.push(one),
      dropped: (fault) => codes.push(fault.code),
      nowMs: () => 5000,
    });
    return { inputs, codes, reader };
  };
  const press = (counter: number, pad = "p1") => encodeButton({ port: "", pad, session: "s", counter }, "4", 100);

  it("takes the age off the arrival", () => {
    const { inputs, reader } = collect();
    reader.read(Buffer.from(press(1)));
    expect(inputs).toMatchObject([
      { kind: "press", pad: "p1", button: "4", atMs: 4900, ref: { port: "/dev/pad", counter: 1 } },
    ]);
  });

  it("gives the same presses however the bytes are cut", () => {
    const bytes = Buffer.from([encodeHello("p1", "s", "1"), ...[1, 2, 3, 4].map((n) => press(n))].join(""));
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (cuts) => {
        const { inputs, codes, reader } = collect();
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        places.slice(1).forEach((end, i) => {
          reader.read(bytes.subarray(places[i], end));
        });
        expect(inputs.map(({ kind }) => kind)).toEqual(["hello", "press", "press", "press", "press"]);
        expect(codes).toEqual([]);
      }),
    );
  });

  it.each<[string, string, string]>([
    ["a bad checksum", "$TPBTN,p1,s,1,4,0*00\r\n", "SENTENCE_INVALID"],
    ["an unknown pad", press(1, "p9"), "PAD_UNKNOWN"],
    ["a pad called like an object's member", press(1, "constructor"), "PAD_UNKNOWN"],
    ["a truncated sentence", "$TPBTN,p1,s,1\r\n", "SENTENCE_INVALID"],
    ["a counter out of range", `$TPBTN,p1,s,65536,4,0*${checksum("TPBTN,p1,s,65536,4,0")}\r\n`, "SENTENCE_INVALID"],
    ["a negative age", `$TPBTN,p1,s,1,4,-5*${checksum("TPBTN,p1,s,1,4,-5")}\r\n`, "SENTENCE_INVALID"],
    [
      "a sentence of the agent's own",
      encodeAcknowledge({ port: "", pad: "p1", session: "s", counter: 1 }),
      "SENTENCE_INVALID",
    ],
    ["an over-long line", `${"x".repeat(5000)}\r\n`, "SENTENCE_INVALID"],
  ])("drops %s with a code and reads on", (_, text, code) => {
    const { inputs, codes, reader } = collect();
    reader.read(Buffer.from(text, "latin1"));
    reader.read(Buffer.from(press(2)));
    expect(codes).toEqual([code]);
    expect(inputs).toHaveLength(1);
  });

  it("survives garbage in bounded memory and still reads the press after it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4000 }), (garbage) => {
        const { inputs, reader } = collect();
        reader.read(garbage);
        reader.read(Buffer.from(`\r\n${press(3)}`));
        expect(inputs.at(-1)).toMatchObject({ kind: "press", ref: { counter: 3 } });
      }),
    );
    const cut = createLineCutter(82);
    for (let i = 0; i < 1000; i += 1) expect(cut.push(Buffer.alloc(1000, 0x41)).lines).toEqual([]);
  });
});
