// The command `erase`: somebody asked to be forgotten, or a span or the whole device is to be.
import { z } from "zod";
import { Erasable, type ErasureOrder } from "../words/erased.ts";
import { commandOf } from "./command-of.ts";
import type { Command } from "./commanding.ts";

/**
 * @param order writes the order to the disk; once it is there it will be carried out, whatever happens
 * @param nowMs UTC milliseconds
 */
export function eraseCommand(order: (order: ErasureOrder) => Promise<void>, nowMs: () => number): Command {
  // A clock that is wrong would take another span than the one that is meant.
  return commandOf("erase", { needsClock: true }, async ({ reason, what, customer, ...named }, { id, by }) => {
    const customers = customer === undefined ? {} : { customers: [customer] };
    const erasable = Erasable.safeParse({ what, ...customers, ...named });
    if (!erasable.success) return { ok: false, reason: "invalid", message: z.prettifyError(erasable.error) };
    const wrong = spanFault(erasable.data, nowMs());
    if (wrong !== undefined) return { ok: false, reason: "invalid", message: wrong };
    await order({ order: id, erasable: erasable.data, by, reason, via: "mqtt" });
    return { ok: true, ordered: true };
  });
}

/** Why a span cannot be erased; undefined where it can. */
export function spanFault(erasable: Erasable, nowMs: number): string | undefined {
  if (erasable.what !== "span") return undefined;
  if (Date.parse(erasable.to) <= Date.parse(erasable.from)) return "`to` lies before `from`";
  return Date.parse(erasable.to) > nowMs ? "`to` lies ahead: what has not happened yet cannot be erased" : undefined;
}
