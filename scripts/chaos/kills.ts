// The kill trial of the spine as a row of this table: `scripts/trials/kill-trial.ts` does it.
import { runKillTrial } from "../trials/kill-trial.ts";
import type { Outcome, TrialContext } from "./trial.ts";

/** kill -9 at any moment, while starting and around the commit, under a press stream. */
export async function agentKills({ folder, seed, count, progress }: TrialContext): Promise<Outcome> {
  const { ok, ...report } = await runKillTrial({
    kills: count(500, 20),
    seed,
    folder,
    progress: (killed) => {
      if (killed % 25 === 0) progress(`killed ${killed} times`);
    },
  });
  const { kills, whileStarting, atPress, ...counts } = report;
  return {
    did: `kill -9 ${kills} times, ${whileStarting} while starting, ${atPress} at a press`,
    counts,
    wrong: ok ? [] : ["a promise of the kill trial is broken, see the counts"],
  };
}
