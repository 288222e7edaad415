// The journal: sound, and how much of it waits for the broker.

import { statSync } from "node:fs";
import { join } from "node:path";
import { ageOf } from "../../clock/age.ts";
import { clocksNow } from "../../clock/clock.ts";
import { openReader } from "../../journal/read.ts";
import { Envelope } from "../../words/events.ts";
import { type Check, type Finding, failed, failedBy, ok, skipped, warn } from "../finding.ts";

/** Larger files are left to `touchpoint journal verify`: reading all of one takes long on a card. */
const QUICK_BYTES = 200 * 1_048_576;
const LONG_MS = 3_600_000;

export const journalCheck: Check = {
  name: "journal",
  run: ({ config, machine }) => {
    const file = join(config.local.dataDir, "journal.db");
    if (machine.place(file) === undefined) return [skipped("journal", `${file} is not there yet: the agent never ran`)];
    try {
      const reader = openReader(file);
      try {
        const { stream, head, waiting, refused } = reader.head();
        const small = statSync(file).size <= QUICK_BYTES;
        const problems = small ? reader.integrity() : [];
        const oldest = reader.oldestWaiting();
        return [
          problems.length === 0
            ? ok(
                "journal",
                `stream ${stream}, head ${head}, ${small ? "sound" : "large: `touchpoint journal verify` reads all"}`,
              )
            : failed("journal", problems[0] ?? "", "Run `touchpoint journal verify`; keep the file for repair."),
          judgeBacklog(
            waiting,
            oldest === undefined ? undefined : ageOf(Envelope.parse(JSON.parse(oldest.json)), clocksNow()),
            config.local.broker !== undefined,
          ),
          ...(refused === 0
            ? []
            : [
                warn(
                  "refused events",
                  `the broker refused ${refused} for good`,
                  "See `touchpoint journal status`, then the broker's access rules.",
                ),
              ]),
        ];
      } finally {
        reader.close();
      }
    } catch (thrown) {
      return [failedBy("journal", thrown)];
    }
  },
};

/** @param ageMs how long the oldest waiting event waits; undefined where its boot had no time */
export function judgeBacklog(waiting: number, ageMs: number | undefined, broker: boolean): Finding {
  const name = "backlog";
  if (!broker) return ok(name, `${waiting} events are kept; no broker is configured`);
  if (waiting === 0) return ok(name, "every event was sent");
  if (ageMs === undefined)
    return ok(name, `${waiting} events wait for the broker, the oldest since a boot without time`);
  const text = `${waiting} events wait for the broker, the oldest for ${Math.round(ageMs / 60_000)} min`;
  return ageMs > LONG_MS
    ? warn(name, text, "Check the way to the broker with `touchpoint mqtt check`.")
    : ok(name, text);
}
