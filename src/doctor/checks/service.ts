// The service unit: installed, running, guarded by a watchdog.
import { type Check, type Finding, failed, ok, type Patient, skipped, warn } from "../finding.ts";

const UNIT = "touchpoint.service";
const ASKED = ["LoadState", "ActiveState", "Result", "NRestarts", "WatchdogUSec", "LimitCORE", "UnitFileState"];

export const serviceCheck: Check = {
  name: "service",
  run: async (patient) => {
    if (patient.machine.place("/run/systemd/system") === undefined)
      return [skipped("service", "this machine was not started by systemd")];
    return judgeService(await properties(patient));
  },
};

async function properties({ machine, signal }: Patient): Promise<ReadonlyMap<string, string>> {
  const ran = await machine.run("systemctl", ["show", UNIT, `--property=${ASKED.join(",")}`], signal);
  return new Map(
    (ran?.stdout ?? "").split("\n").map((line): [string, string] => {
      const cut = line.indexOf("=");
      return [line.slice(0, cut), line.slice(cut + 1)];
    }),
  );
}

/** @param shown what `systemctl show` says of the unit */
export function judgeService(shown: ReadonlyMap<string, string>): Finding[] {
  const load = shown.get("LoadState");
  if (load === undefined) return [skipped("service", "systemctl gives no answer")];
  if (load !== "loaded")
    return [
      warn(
        "service",
        `${UNIT} is not installed (${load})`,
        "Install it as docs/install.md says, or run the agent by hand.",
      ),
    ];
  const state = shown.get("ActiveState") ?? "unknown";
  const running =
    state === "active"
      ? ok("service", "running")
      : failed(
          "service",
          `${state} (${shown.get("Result") ?? "?"})`,
          `Look at \`journalctl -u ${UNIT}\` and start it.`,
        );
  const restarts = Number(shown.get("NRestarts") ?? 0);
  const watchdog = shown.get("WatchdogUSec") ?? "0";
  return [
    running,
    ...(shown.get("UnitFileState") === "enabled"
      ? []
      : [warn("service at start", "not started with the machine", `systemctl enable ${UNIT}`)]),
    ...(restarts > 0
      ? [warn("service restarts", `started again ${restarts} times`, `Look at \`journalctl -u ${UNIT}\`.`)]
      : []),
    watchdog === "0" || watchdog === "infinity"
      ? warn("watchdog", "off", "Take WatchdogSec= from systemd/touchpoint.service.")
      : ok("watchdog", watchdog),
    shown.get("LimitCORE") === "0"
      ? ok("service core dumps", "off")
      : failed("service core dumps", "on", "Take LimitCORE=0 from systemd/touchpoint.service."),
  ];
}
