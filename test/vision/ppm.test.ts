// Frames on a pipe: whole frames out of bytes cut anywhere, and a fault for anything else.
import fc from "fast-check";
import { expect, test } from "vitest";
import { createPpmReader, ppmHeader } from "../../src/vision/camera/ppm.ts";
import type { Frame } from "../../src/vision/frame.ts";

const limit = { width: 16, height: 16 };
const sizes = fc.record({ width: fc.integer({ min: 1, max: 16 }), height: fc.integer({ min: 1, max: 16 }) });

function collect(): { frames: Frame[]; reader: ReturnType<typeof createPpmReader> } {
  const frames: Frame[] = [];
  const target = ({ width, height }: { width: number; height: number }) => new Uint8Array(width * height * 3);
  return { frames, reader: createPpmReader(limit, target, (frame) => frames.push(frame)) };
}

test("frames of any sizes come out as they went in, wherever the bytes are cut", () => {
  fc.assert(
    fc.property(
      fc.array(sizes, { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 400 })),
      (all, cuts) => {
        const sent = all.map((size, n) => ({
          ...size,
          rgb: Uint8Array.from({ length: size.width * size.height * 3 }, (_, i) => (i * 31 + n * 7) & 255),
        }));
        const bytes = Buffer.concat(sent.flatMap((frame) => [ppmHeader(frame), frame.rgb]));
        const { frames, reader } = collect();
        for (let at = 0; at < bytes.length; ) {
          const next = at + (cuts.next().value ?? 1);
          reader.push(bytes.subarray(at, next));
          at = next;
        }
        expect(frames).toEqual(sent);
      },
    ),
  );
});

test("anything else is a fault at once: text, another format, a frame too large or without size", () => {
  const send = (text: string) => () => collect().reader.push(Buffer.from(text, "latin1"));
  expect(send("hello, I am no picture")).toThrow(expect.objectContaining({ code: "CAMERA_LOST" }));
  expect(send("P5\n4 4\n255\n")).toThrow(expect.objectContaining({ code: "CAMERA_LOST" }));
  expect(send("P6\n17 4\n255\n")).toThrow(expect.objectContaining({ code: "CAMERA_LOST" }));
  expect(send("P6\n0 4\n255\n")).toThrow(expect.objectContaining({ code: "CAMERA_LOST" }));
  expect(send(`P6\n${" ".repeat(100)}`)).toThrow(expect.objectContaining({ code: "CAMERA_LOST" }));
});

test("whatever bytes come, the reader gives frames within the limit or a fault, and nothing else", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (chunks) => {
      const { frames, reader } = collect();
      try {
        for (const chunk of chunks) reader.push(chunk);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: "CAMERA_LOST" });
      }
      for (const { width, height } of frames) expect(width <= 16 && height <= 16).toBe(true);
    }),
  );
});
