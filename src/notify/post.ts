// One POST of JSON to a configured address, bounded in time; says how it went and never names address or token.
import { readSecret } from "../config/secret.ts";

/** Answers that no further attempt will change: the receiver does not want this. */
const FINAL = new Set([400, 405, 406, 410, 411, 413, 414, 415, 422, 431]);

export interface Address {
  readonly url: string;
  readonly tokenFile?: string | undefined;
  readonly timeoutMs: number;
}

/** `reason` goes on the receiver's name: " answered 503", ": ECONNREFUSED". */
export type Posted =
  | { readonly taken: true }
  | { readonly taken: false; readonly final: boolean; readonly reason: string };

/** @throws Fault CONFIG_SECRET where the token cannot be read */
export async function postJson(
  { url, tokenFile, timeoutMs }: Address,
  json: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Posted> {
  // Read each time: a token that was replaced counts from the next attempt on.
  const token = tokenFile === undefined ? undefined : readSecret(tokenFile);
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: json,
      // The token is for this address and no other.
      redirect: "manual",
      signal: AbortSignal.any([signal, late]),
    });
    const { status } = response;
    await response.body?.cancel();
    if (status >= 200 && status < 300) return { taken: true };
    return { taken: false, final: FINAL.has(status), reason: ` answered ${status}` };
  } catch (thrown) {
    const reason = late.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(thrown);
    return { taken: false, final: false, reason: `: ${reason}` };
  }
}

/** The system's code alone: messages of the library may quote address or header. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  return "the request failed";
}
