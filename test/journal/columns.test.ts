// Rows that went as columns are the same rows.
import fc from "fast-check";
import { expect, test } from "vitest";
import { columnsOf, rowsOf } from "../../src/journal/columns.ts";

test("there and back, of one stream or of several", () => {
  const row = fc.record({
    at: fc.nat(),
    stream: fc.constantFrom("a", "b"),
    seq: fc.nat(),
    lane: fc.constant(3),
    type: fc.string(),
    json: fc.string(),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 20 }), fc.nat(), (rows, base) => {
      const back = rowsOf(structuredClone(columnsOf(rows)), base);
      expect(back).toEqual(rows.map((one) => ({ ...one, at: one.at + base })));
    }),
  );
  expect(columnsOf([{ at: 1, stream: "a", seq: 1, lane: 1, type: "press", json: "{}" }]).stream).toBe("a");
});
