// `touchpoint journal erase`: erases on a device whose agent does not run; beside a running one the command `erase` does it.
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { type Command, InvalidArgumentError } from "commander";
import { customerHash } from "../agent/customers.ts";
import { eraseOffline } from "../agent/erase-offline.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { spanFault } from "../uplink/erase-command.ts";
import type { Erasable } from "../words/erased.ts";
import { Fault } from "../words/errors.ts";
import { CustomerKey } from "../words/feedback.ts";
import { instantMs } from "./dates.ts";
import { CONFIG_OPTION } from "./outcome.ts";

interface Options {
  readonly config: string;
  readonly json?: boolean;
  readonly customer?: CustomerKey;
  readonly card?: boolean;
  readonly transaction?: string;
  readonly from?: number;
  readonly to?: number;
  readonly touchpoint?: string;
  readonly all?: boolean;
  readonly by: string;
  readonly reason: string;
}

/** Adds the verb to `journal`. */
export function registerJournalErase(journal: Command): void {
  journal
    .command("erase")
    .description("erases a customer, a sale, a span of time or all, here and by an event at the server; agent stopped")
    .option(...CONFIG_OPTION)
    .option("--customer <key:hash>", "as the events' `customer` has it", customerKey)
    .option("--card", "the customer whose card number comes on standard input")
    .option("--transaction <number>", "the till's number of a sale")
    .option("--from <time>", "begin of a span, such as 2026-11-22 or 2026-11-22T09:00:00Z; included", instantMs)
    .option("--to <time>", "its end, not included", instantMs)
    .option("--touchpoint <id>", "of a span: only this one and what names none")
    .option("--all", "everything but identity and configuration")
    .requiredOption("--by <name>", "who orders it, for the record", short)
    .requiredOption("--reason <text>", "why, for the record; it stays, so name nobody in it", short)
    .option("--json", "one JSON object")
    .action(erase);
}

async function erase(options: Options): Promise<void> {
  const { config } = loadConfig(options.config);
  const erasable = await named(options, config);
  const wrong = spanFault(erasable, Date.now());
  if (wrong !== undefined) throw new Fault("ERASE_NAMES", wrong);
  const order = randomUUID();
  const { by, reason } = options;
  const done = await eraseOffline(config, { order, erasable, by, reason, via: "local" });
  const own = done.find((one) => one.order.order === order);
  const told = { ok: true, order, what: erasable.what, count: own?.count ?? 0 };
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(told)}\n`
      : `erased ${told.count} events (${told.what}); the server hears of it when the agent runs again\n`,
  );
}

/** @throws Fault ERASE_NAMES unless exactly one thing is named */
async function named(options: Options, config: Config): Promise<Erasable> {
  const { customer, card, transaction, from, to, touchpoint, all } = options;
  const hasSpan = from !== undefined || to !== undefined;
  const count = [customer !== undefined, card, transaction !== undefined, hasSpan, all].filter(Boolean).length;
  if (count !== 1 || (touchpoint !== undefined && !hasSpan))
    throw new Fault("ERASE_NAMES", `${count} things are named to be erased`);
  if (customer !== undefined) return { what: "customer", customers: [customer] };
  if (card === true) return { what: "customer", customers: await customersOfCard(config) };
  if (transaction !== undefined) return { what: "transaction", transaction };
  if (all === true) return { what: "all" };
  if (from === undefined || to === undefined) throw new Fault("ERASE_NAMES", "a span needs both --from and --to");
  const utc = (ms: number): string => new Date(ms).toISOString();
  return { what: "span", from: utc(from), to: utc(to), ...(touchpoint === undefined ? {} : { touchpoint }) };
}

/** The number never stands among the arguments, which every process on the machine can read. */
async function customersOfCard({ local }: Config): Promise<CustomerKey[]> {
  if (local.customers === undefined)
    throw new Fault("ERASE_NAMES", "local.customers is not set: no card is known here");
  const hash = customerHash(local.customers);
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === "") continue;
    const { customer, formerly } = hash(line.trim());
    return formerly === undefined ? [customer] : [customer, formerly];
  }
  throw new Fault("ERASE_NAMES", "no card number came on standard input");
}

function customerKey(text: string): CustomerKey {
  const at = text.lastIndexOf(":");
  const parsed = CustomerKey.safeParse({ key: text.slice(0, Math.max(0, at)), hash: text.slice(at + 1) });
  if (!parsed.success) throw new InvalidArgumentError("give it as KEY:HASH, 32 hexadecimal digits.");
  return parsed.data;
}

function short(text: string): string {
  if (text === "" || text.length > 200) throw new InvalidArgumentError("give 1 to 200 characters.");
  return text;
}
