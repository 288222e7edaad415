// The hand-off of the newest frame: never torn, never old, and every frame that nobody saw is counted.
import fc from "fast-check";
import { expect, test } from "vitest";
import { createNewest, createReader, createWriter } from "../../src/vision/newest.ts";

const limit = { width: 4, height: 2 };

function hand() {
  const memory = createNewest(limit);
  const writer = createWriter(memory);
  let number = 0;
  return {
    reader: createReader(memory),
    write(): boolean {
      number += 1;
      writer.target().fill(number & 255);
      return writer.publish({ width: 1 + (number % 4), height: 1 + (number % 2) }, number);
    },
    written: () => number,
  };
}

test("nothing before the first frame, and each frame once", () => {
  const { reader, write } = hand();
  expect(reader.take()).toBeUndefined();
  expect(write()).toBe(false);
  expect(reader.take()?.atMs).toBe(1);
  expect(reader.take()).toBeUndefined();
});

test("any order of writing and taking: the newest, whole, its own size; dropped = written − taken − waiting", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (turns) => {
      const { reader, write, written } = hand();
      let dropped = 0;
      let taken = 0;
      for (const writing of turns) {
        if (writing) {
          if (write()) dropped += 1;
          continue;
        }
        const seen = reader.take();
        if (seen === undefined) continue;
        taken += 1;
        expect(seen.atMs).toBe(written());
        expect(seen.frame.width).toBe(1 + (written() % 4));
        expect(seen.frame.rgb.length).toBe(seen.frame.width * seen.frame.height * 3);
        expect(seen.frame.rgb.every((byte) => byte === (written() & 255))).toBe(true);
      }
      const waiting = reader.take() === undefined ? 0 : 1;
      expect(dropped).toBe(written() - taken - waiting);
    }),
  );
});

test("what is forgotten is in no slot but the one that is being looked at, and the next frame comes as ever", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4 }),
      fc.boolean(),
      fc.integer({ min: 0, max: 4 }),
      (before, taking, after) => {
        const memory = createNewest(limit);
        const [writer, reader] = [createWriter(memory), createReader(memory)];
        const write = (value: number, times: number): void => {
          for (let i = 0; i < times; i += 1) {
            writer.target().fill(value);
            writer.publish(limit, 1);
          }
        };
        write(77, before);
        const held = taking ? reader.take() : undefined;
        write(77, after);
        writer.target().fill(77);
        held?.frame.rgb.fill(0);
        writer.forget();
        expect(new Uint8Array(memory).subarray(80).includes(77)).toBe(false);
        expect(reader.take()).toBeUndefined();
        write(88, 1);
        expect(reader.take()?.frame.rgb.every((byte) => byte === 88)).toBe(true);
      },
    ),
  );
});

test("a frame being looked at is not written over, however many come meanwhile", () => {
  const { reader, write } = hand();
  write();
  const held = reader.take();
  for (let i = 0; i < 10; i += 1) write();
  expect(held?.frame.rgb.every((byte) => byte === 1)).toBe(true);
  expect(reader.take()?.atMs).toBe(11);
});
