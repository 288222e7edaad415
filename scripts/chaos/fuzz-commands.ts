// Signed commands spoiled in every way that a thief of the broker's login could: forged, replayed, expired, reordered, another's.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { publicKeyLine, signCommand } from "../../src/uplink/signature.ts";
import { AuditData } from "../../src/words/audit.ts";
import { COMMANDS, type CommandName } from "../../src/words/commands.ts";
import { DEVICE, SITE } from "../trials/settings.ts";
import { mutant, pick } from "./mutants.ts";

const NAMES = Object.keys(COMMANDS) as [CommandName, ...CommandName[]];
const PLACE = { site: SITE, device: DEVICE };
const HOUR_MS = 3_600_000;

export interface Given {
  readonly name: string;
  readonly payload: Buffer;
}

export interface Thief {
  /** `local.commands` of the device. */
  readonly settings: { readonly principals: { name: string; publicKey: string; may: (CommandName | "*")[] }[] };
  /** Ids of the commands that may be obeyed. */
  readonly honest: ReadonlySet<string>;
  /** An honest `ping`, which is to be obeyed. */
  give(): Given & { readonly id: string };
  /** One that is not to be obeyed. */
  spoiled(): Given;
}

export function createThief(random: () => number): Thief {
  const ops = generateKeyPairSync("ed25519").privateKey;
  const shop = generateKeyPairSync("ed25519").privateKey;
  const stranger = generateKeyPairSync("ed25519").privateKey;
  const heard: Given[] = [];
  const honest = new Set<string>();
  let made = 0;
  const body = (by: string, madeMs: number, goodMs: number): Record<string, unknown> => {
    made += 1;
    const issued = new Date(madeMs).toISOString();
    return { id: `c${made}`, issued, expires: new Date(madeMs + goodMs).toISOString(), by };
  };
  const signed = (key: KeyObject, name: string, what: Record<string, unknown>, place = PLACE): Given => ({
    name,
    payload: Buffer.from(JSON.stringify({ ...what, sig: signCommand(key, place, name, what) })),
  });
  return {
    settings: {
      principals: [
        { name: "ops", publicKey: publicKeyLine(ops), may: ["*"] },
        { name: "shop", publicKey: publicKeyLine(shop), may: ["identify"] },
      ],
    },
    honest,
    give() {
      const what = body("ops", Date.now(), HOUR_MS);
      const given = signed(ops, "ping", what);
      heard.push(given);
      honest.add(String(what.id));
      return { ...given, id: String(what.id) };
    },
    spoiled() {
      const nowMs = Date.now();
      const name = pick(random, NAMES);
      const old = heard[Math.floor(random() * heard.length)] ?? signed(stranger, name, body("ops", nowMs, HOUR_MS));
      const ways: readonly [() => Given, ...(() => Given)[]] = [
        () => old,
        () => ({ ...old, name: pick(random, NAMES) }),
        () => ({ ...old, payload: mutant(random, old.payload) }),
        () => signed(stranger, name, body("ops", nowMs, HOUR_MS)),
        () => signed(shop, name, body("ops", nowMs, HOUR_MS)),
        () => signed(shop, name === "identify" ? "restart" : name, body("shop", nowMs, HOUR_MS)),
        () => signed(ops, name, body("ops", nowMs, HOUR_MS), { ...PLACE, device: "till-04" }),
        () => signed(ops, name, body("ops", nowMs, HOUR_MS), { ...PLACE, site: "elsewhere" }),
        () => signed(ops, name, body("ops", nowMs - 2 * HOUR_MS, HOUR_MS)),
        () => signed(ops, name, body("ops", nowMs, 30 * HOUR_MS)),
        // Held back since before the first honest one.
        () => signed(ops, "ping", body("ops", nowMs - HOUR_MS, 2 * HOUR_MS)),
        () => ({ name, payload: Buffer.from(JSON.stringify(body("ops", nowMs, HOUR_MS))) }),
        () => ({ name, payload: Buffer.from(JSON.stringify(body("eve", nowMs, HOUR_MS))) }),
      ];
      return pick(random, ways)();
    },
  };
}

/** What the device's own record says of commands. @param rows the journal's */
export function judgeAudits(
  rows: readonly { readonly type: string; readonly json: string }[],
  honest: ReadonlySet<string>,
): { readonly obeyed: number; readonly wrongly: number; readonly missed: number; readonly refused: string } {
  const obeyed = new Set<string>();
  const refused = new Map<string, number>();
  for (const { type, json } of rows) {
    if (type !== "audit") continue;
    const { action, outcome, command = "", reasons = [], count = 1 } = AuditData.parse(JSON.parse(json).data);
    if (action !== "command") continue;
    if (outcome !== "refused") obeyed.add(command);
    else refused.set(reasons[0] ?? "", (refused.get(reasons[0] ?? "") ?? 0) + count);
  }
  return {
    obeyed: obeyed.size,
    wrongly: [...obeyed].filter((id) => !honest.has(id)).length,
    missed: [...honest].filter((id) => !obeyed.has(id)).length,
    refused: [...refused].map(([reason, count]) => `${reason} ${count}`).join(" "),
  };
}
