// What a code read is: a customer's card, a staff badge, a sale; the code itself goes no further than here.
import type { ContextConfig } from "../config/context.ts";
import type { CustomerKey } from "../words/feedback.ts";

/** A number as keyed hash: under the key of now and, while keys change, under the one before. Pure. */
export type CustomerHash = (raw: string) => { readonly customer: CustomerKey; readonly formerly?: CustomerKey };

export type Scanned =
  | { readonly kind: "customer"; readonly customer?: CustomerKey; readonly formerly?: CustomerKey }
  | { readonly kind: "badge"; readonly staff?: string }
  | { readonly kind: "transaction"; readonly transaction: string }
  | { readonly kind: "unknown" };

/** Longest number of a sale, characters, as for one that the till says. */
const MOST_TRANSACTION = 64;

/** Tells codes apart by the first pattern that fits the whole code. */
export function classify(code: string, config: ContextConfig, hash: CustomerHash | undefined): Scanned {
  for (const { kind, pattern } of config.scans) {
    const found = new RegExp(`^(?:${pattern})$`, "u").exec(code);
    const number = found?.[1] ?? found?.[0];
    if (number === undefined || number === "") continue;
    if (kind === "customer") return { kind, ...hash?.(number) };
    if (kind === "transaction")
      return number.length > MOST_TRANSACTION ? { kind: "unknown" } : { kind, transaction: number };
    // Own keys only: a badge may say "constructor".
    const known = Object.hasOwn(config.badges, number) ? config.badges[number] : undefined;
    const staff = known ?? (hash === undefined ? undefined : `badge-${hash(number).customer.hash.slice(0, 12)}`);
    return { kind, ...(staff === undefined ? {} : { staff }) };
  }
  return { kind: "unknown" };
}
