// What others rely on is not broken: the messages of today against docs/released.json, and the judge itself.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { broken, type Contract, presentContract, releasedContract } from "../../scripts/contract/compatible.ts";
import { notWithin, type Schema } from "../../scripts/contract/narrower.ts";

describe("the contract that others were given (a wanted break: a page in docs/decisions/, then `npm run contract`)", () => {
  it("still holds", () => {
    expect(broken(releasedContract(), presentContract())).toEqual([]);
  });
});

/** The released contract with one schema changed, as somebody might without thinking of others. */
function changed(side: keyof Contract, name: string, change: (schema: Plain) => void): Contract {
  const contract = structuredClone(presentContract());
  change(contract[side][name] as Plain);
  return contract;
}
// biome-ignore lint/suspicious/noExplicitAny: schemas are changed at any place here
type Plain = any;

describe("a planted break is refused, and says what", () => {
  const present = presentContract();
  it.each<[string, keyof Contract, string, (schema: Plain) => void, RegExp]>([
    [
      "a field renamed",
      "out",
      "event/press",
      ({ properties: { data } }) => {
        data.properties.knob = data.properties.button;
        delete data.properties.button;
        data.required = data.required.filter((name: string) => name !== "button");
      },
      /^event\/press \$\.data\.button: it is described no longer|absent/,
    ],
    [
      "a field that may now be absent",
      "out",
      "event/press",
      ({ properties: { data } }) => {
        data.required = data.required.filter((name: string) => name !== "pad");
      },
      /pad: it may be absent/,
    ],
    [
      "a number that became text",
      "out",
      "status",
      ({ properties }) => {
        properties.conn = { type: "string" };
      },
      /^status \$\.conn: string where integer was meant/,
    ],
    [
      "a new word among words",
      "out",
      "event/contact",
      ({ properties: { data } }) => {
        data.properties.outcome.enum.push("unsure");
      },
      /outcome: \["unsure"\] is not among/,
    ],
    [
      "a lower limit",
      "out",
      "state/delivery",
      ({ properties }) => {
        properties.head.minimum = -1;
      },
      /head: minimum 0, and here -1/,
    ],
    [
      "a field that a command must now have",
      "in",
      "cmd/resend",
      (schema) => {
        schema.required.push("reason");
      },
      /reason: it may be absent/,
    ],
    [
      "a shorter text at the door",
      "in",
      "POST /v1/transactions",
      ({ properties }) => {
        properties.transaction.maxLength = 8;
      },
      /transaction: maxLength 8, and here 64/,
    ],
    [
      "a setting that is no longer known",
      "in",
      "configuration",
      ({ properties }) => {
        delete properties.local.properties.device;
      },
      /device: nothing is taken here any more/,
    ],
  ])("%s", (_, side, name, change, says) => {
    const reasons = broken(present, changed(side, name, change));
    expect(
      reasons.some((reason) => says.test(reason)),
      reasons.join("\n"),
    ).toBe(true);
  });

  it("a message that is gone", () => {
    const { ack: _, ...others } = present.in;
    expect(broken(present, { ...present, in: others })).toEqual(["ack: it is gone"]);
  });

  it.each<[string, keyof Contract, string, (schema: Plain) => void]>([
    [
      "a new field in an event",
      "out",
      "event/press",
      ({ properties: { data } }) => {
        data.properties.finger = { type: "string" };
      },
    ],
    [
      "a word that is not sent any longer",
      "out",
      "event/contact",
      ({ properties: { data } }) => {
        data.properties.outcome.enum.pop();
      },
    ],
    [
      "a new setting with a default",
      "in",
      "configuration",
      ({ properties }) => {
        properties.local.properties.colour = { type: "string", default: "blue" };
      },
    ],
    [
      "a longer text at the door",
      "in",
      "POST /v1/transactions",
      ({ properties }) => {
        properties.transaction.maxLength = 100;
      },
    ],
  ])("but not %s", (_, side, name, change) => {
    expect(broken(present, changed(side, name, change))).toEqual([]);
  });
});

describe("the judge", () => {
  const value = fc.oneof(
    fc.integer({ min: -3, max: 3 }),
    fc.double({ min: -3, max: 3, noNaN: true }),
    fc.constantFrom("", "a", "ab", "abc", true, false, null),
    fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom("a", null)), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("p", "q", "r"), fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant("a")), {
      noNullPrototype: true,
    }),
  );
  const bound = fc.integer({ min: -2, max: 2 });
  const length = fc.integer({ min: 0, max: 3 });
  const leaf: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
    fc.record(
      { type: fc.constantFrom("integer", "number"), minimum: bound, maximum: bound },
      { requiredKeys: ["type"] },
    ),
    fc.record({ type: fc.constant("string"), minLength: length, maxLength: length }, { requiredKeys: ["type"] }),
    fc.record({ type: fc.constant("string"), enum: fc.uniqueArray(fc.constantFrom("", "a", "ab"), { minLength: 1 }) }),
    fc.record({ type: fc.constant("string"), const: fc.constantFrom("a", "ab") }),
    fc.constantFrom({ type: "null" }, { type: "boolean" }, {}),
  );
  const { schema } = fc.letrec<{ schema: Record<string, unknown> }>((tie) => ({
    schema: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.record(
        { type: fc.constant("array"), items: tie("schema"), minItems: length, maxItems: length },
        { requiredKeys: ["type", "items"] },
      ),
      fc
        .record(
          {
            type: fc.constant("object"),
            properties: fc.dictionary(fc.constantFrom("p", "q"), tie("schema"), { noNullPrototype: true }),
            additionalProperties: fc.oneof(fc.boolean(), tie("schema")),
          },
          { requiredKeys: ["type", "properties"] },
        )
        .chain((made) => fc.subarray(Object.keys(made.properties)).map((required) => ({ ...made, required }))),
      fc.record({ anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
    ),
  }));

  it("never calls a schema within another that takes a value which the other does not", () => {
    let within = 0;
    fc.assert(
      fc.property(schema, schema, fc.array(value, { minLength: 20, maxLength: 20 }), (inner, outer, values) => {
        if (notWithin(inner as Schema, outer as Schema, true).length > 0) return;
        within += 1;
        const [takes, wider] = [inner, outer].map((one) => z.fromJSONSchema(one as never));
        for (const one of values)
          if (takes?.safeParse(one).success) expect(wider?.safeParse(one).success, JSON.stringify(one)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
    expect(within).toBeGreaterThan(100);
  });

  it("calls every schema within itself, and within any choice that has it", () => {
    fc.assert(
      fc.property(schema, schema, (one, other) => {
        expect(notWithin(one as Schema, one as Schema, true)).toEqual([]);
        expect(notWithin(one as Schema, { anyOf: [other, one] }, true)).toEqual([]);
      }),
    );
  });

  it("refuses to judge what it does not know", () => {
    expect(() => notWithin({ type: "string" }, { type: "string", contentEncoding: "base64" }, true)).toThrow(
      "contentEncoding",
    );
  });
});
