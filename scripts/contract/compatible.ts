// Whether the messages of today break what stands in the released contract; `npm run contract` makes the release.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { configJsonSchema } from "../../src/config/json-schema.ts";
import { openApiDocument } from "../../src/doors/openapi.ts";
import { packageRoot } from "../../src/place.ts";
import { contractMessages } from "../docs/asyncapi.ts";
import { notWithin, type Schema } from "./narrower.ts";

/** Name → schema, of what the device sends and of what it takes. */
export interface Contract {
  readonly out: Readonly<Record<string, Schema>>;
  readonly in: Readonly<Record<string, Schema>>;
}

/** Where the contract lies that others were given. */
export const RELEASED = join(packageRoot(), "docs", "released.json");

/** Everything that others rely on, as the code has it now: messages, the door's bodies and the configuration. */
export function presentContract(): Contract {
  const messages = contractMessages();
  const { paths } = openApiDocument() as { paths: Record<string, { post?: { requestBody: DoorBody } }> };
  const bodies = Object.entries(paths).flatMap(([path, { post }]) =>
    post === undefined ? [] : [[`POST ${path}`, post.requestBody.content["application/json"].schema] as const],
  );
  return {
    out: messages.out,
    in: { ...messages.in, ...Object.fromEntries(bodies), configuration: configJsonSchema() as Schema },
  };
}
interface DoorBody {
  readonly content: { readonly "application/json": { readonly schema: Schema } };
}

/**
 * What of `released` no longer holds, a line each. A reader of then must be able to read what is sent now; what a sender
 * of then says must be taken now. New messages and new fields break nobody.
 */
export function broken(released: Contract, present: Contract): string[] {
  const each = (side: "out" | "in", compare: (was: Schema, is: Schema) => string[]): string[] =>
    Object.entries(released[side]).flatMap(([name, was]) => {
      const is = present[side][name];
      return is === undefined ? [`${name}: it is gone`] : compare(was, is).map((reason) => `${name} ${reason}`);
    });
  return [...each("out", (was, is) => notWithin(is, was, true)), ...each("in", (was, is) => notWithin(was, is, false))];
}

export function releasedContract(): Contract {
  return JSON.parse(readFileSync(RELEASED, "utf8")) as Contract;
}
