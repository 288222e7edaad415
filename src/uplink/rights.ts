// Who may give which command: the principal named by `by`, proved by his signature where he has a key. Pure.
import type { KeyObject } from "node:crypto";
import type { CommandsConfig } from "../config/commands.ts";
import type { Refusal } from "../words/commands.ts";
import { isSignedBy, type Place, publicKeyOf } from "./signature.ts";

export interface Rights {
  /** By name; none: anybody may give commands. */
  readonly principals: ReadonlyMap<string, Principal>;
  /** Commands that are taken only signed. */
  readonly signed: ReadonlySet<string>;
}
interface Principal {
  readonly key: KeyObject | undefined;
  /** Names of commands, or `*`. */
  readonly may: ReadonlySet<string>;
}

export function rightsOf({ principals, signed }: CommandsConfig): Rights {
  const entries = principals.map(({ name, publicKey, may }): [string, Principal] => [
    name,
    { key: publicKey === undefined ? undefined : publicKeyOf(publicKey), may: new Set(may) },
  ]);
  return { principals: new Map(entries), signed: new Set<string>(signed) };
}

export interface AskedBy {
  readonly by: string;
  /** The body as JSON.parse gave it, `sig` included. */
  readonly body: Readonly<Record<string, unknown>>;
}

export type Right =
  /** `proved`: by a signature. */
  | { readonly may: true; readonly proved: boolean }
  | { readonly may: false; readonly reason: Refusal; readonly text: string };

/** Whether a command may be given. Who he is comes first, so that a refusal in another's name is told as a forgery. */
export function judgeRight(rights: Rights, place: Place, command: string, { by, body }: AskedBy): Right {
  const refuse = (reason: Refusal, text: string): Right => ({ may: false, reason, text });
  const principal = rights.principals.get(by);
  if (principal === undefined && rights.principals.size > 0)
    return refuse("forbidden", "`by` names nobody who may give commands here");
  const proved = principal?.key !== undefined;
  if (principal?.key !== undefined) {
    if (body.sig === undefined) return refuse("unsigned", `commands of ${by} must be signed`);
    if (!isSignedBy(principal.key, place, command, body))
      return refuse("forged", `the signature is not that of ${by} for this command and device`);
  }
  if (principal !== undefined && !principal.may.has(command) && !principal.may.has("*"))
    return refuse("forbidden", `${by} may not give ${command}`);
  if (rights.signed.has(command) && !proved)
    return refuse("unsigned", `${command} is taken only from somebody whose key is known here`);
  return { may: true, proved };
}
