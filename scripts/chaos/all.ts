// Every trial of the chaos suite, in the order in which they are run.
import { which } from "../../src/supervise/child.ts";
import { MOSQUITTO_ABSENT, mosquittoProgram } from "../../test/fakes/mosquitto.ts";
import { POSTGRES_ABSENT, postgresPrograms } from "../../test/fakes/postgres.ts";
import { hasCompiler } from "../../test/fakes/preloaded.ts";
import { CABLES } from "../../test/fakes/pty.ts";
import { daylightSaving, noClock, notYetValid, oneDayBack, tenYearsAhead } from "./clock-trials.ts";
import { anotherMachineLacks, clonedCard, restoredCopy } from "./copies.ts";
import { diskErrors, diskFull, diskReadOnly } from "./disk.ts";
import { fakeClockLacks } from "./fake-clock.ts";
import { flippedBytes } from "./flipped.ts";
import { fuzzDoor } from "./fuzz-door.ts";
import { fuzzHttp } from "./fuzz-http.ts";
import { fuzzSerial } from "./fuzz-serial.ts";
import { fuzzTopics } from "./fuzz-topics.ts";
import { agentKills } from "./kills.ts";
import { runStorm, type StormSettings } from "./storm.ts";
import type { Trial, TrialContext } from "./trial.ts";
import { volumesLack } from "./volume.ts";
import { compressedWeek } from "./week.ts";

const CALM = { agentKills: 0, brokerKills: 0, consumerKills: 0, databaseKills: 0, linkFaults: 0 };

export const TRIALS: readonly Trial[] = [
  { name: "kills", lacks: tillLacks, run: agentKills },
  { name: "brokers", lacks: stormLacks, run: storm(({ count }) => ({ brokerKills: count(200, 5) })) },
  { name: "link", lacks: stormLacks, run: storm(({ count }) => ({ linkFaults: count(140, 7) })) },
  {
    name: "storm",
    lacks: stormLacks,
    run: storm(({ count }) => ({
      agentKills: count(100, 4),
      brokerKills: count(100, 4),
      consumerKills: count(100, 4),
      databaseKills: count(10, 1),
      linkFaults: count(105, 7),
    })),
  },
  { name: "disk-full", lacks: () => tillLacks() ?? volumesLack(), run: diskFull },
  { name: "disk-read-only", lacks: () => tillLacks() ?? volumesLack(), run: diskReadOnly },
  {
    name: "disk-errors",
    lacks: () => tillLacks() ?? (hasCompiler ? undefined : "gcc is not installed"),
    run: diskErrors,
  },
  { name: "flipped", lacks: () => undefined, run: flippedBytes },
  { name: "cloned", lacks: () => tillLacks() ?? anotherMachineLacks(), run: clonedCard },
  { name: "restored", lacks: tillLacks, run: restoredCopy },
  { name: "clock-none", lacks: clockLacks, run: noClock },
  { name: "clock-ahead", lacks: clockLacks, run: tenYearsAhead },
  { name: "clock-back", lacks: clockLacks, run: oneDayBack },
  { name: "clock-daylight", lacks: clockLacks, run: daylightSaving },
  { name: "clock-certificate", lacks: () => clockLacks() ?? opensslLacks(), run: notYetValid },
  { name: "fuzz-serial", lacks: tillLacks, run: fuzzSerial },
  { name: "fuzz-http", lacks: () => undefined, run: fuzzHttp },
  { name: "fuzz-door", lacks: tillLacks, run: fuzzDoor },
  { name: "fuzz-topics", lacks: tillLacks, run: fuzzTopics },
  { name: "week", lacks: tillLacks, run: compressedWeek },
];

/** Why there can be no till with a real line and a real broker, or undefined. */
function tillLacks(): string | undefined {
  if (!CABLES) return "socat is not installed";
  if (mosquittoProgram() === undefined) return MOSQUITTO_ABSENT;
  return which("mosquitto_sub") === undefined ? "mosquitto_sub is not installed" : undefined;
}

function clockLacks(): string | undefined {
  return tillLacks() ?? fakeClockLacks();
}

function opensslLacks(): string | undefined {
  return which("openssl") === undefined ? "openssl is not installed" : undefined;
}

function stormLacks(): string | undefined {
  return opensslLacks() ?? tillLacks() ?? (postgresPrograms() === undefined ? POSTGRES_ABSENT : undefined);
}

function storm(troubles: (context: TrialContext) => Partial<StormSettings>): Trial["run"] {
  return (context) => {
    const { folder, seed, progress } = context;
    return runStorm({ ...CALM, ...troubles(context), folder, seed, progress });
  };
}
