// Heat and power: too hot, or a power supply too weak for a Raspberry Pi.
import { type Check, type Finding, failed, ok, type Patient, skipped, warn } from "../finding.ts";

const WARM_C = 75;
const HOT_C = 85;

export const powerCheck: Check = {
  name: "power",
  run: async (patient) => [temperature(patient), await supply(patient)],
};

function temperature({ machine }: Patient): Finding {
  const degrees = machine
    .names("/sys/class/thermal")
    .filter((zone) => zone.startsWith("thermal_zone"))
    .map((zone) => Number(machine.text(`/sys/class/thermal/${zone}/temp`) ?? Number.NaN) / 1000)
    .filter((celsius) => Number.isFinite(celsius) && celsius > -40 && celsius < 150);
  return judgeTemperature(degrees);
}

/** @param degrees of all thermal zones, degrees Celsius */
export function judgeTemperature(degrees: readonly number[]): Finding {
  const name = "temperature";
  if (degrees.length === 0) return skipped(name, "this machine shows none");
  const hottest = Math.max(...degrees);
  const text = `${hottest.toFixed(0)} °C`;
  const hint = "Give it air or a cooler; the processor slows down when it is hot.";
  if (hottest >= HOT_C) return failed(name, text, hint);
  return hottest >= WARM_C ? warn(name, text, hint) : ok(name, text);
}

async function supply({ machine, signal }: Patient): Promise<Finding> {
  const ran = await machine.run("vcgencmd", ["get_throttled"], signal);
  return judgeSupply(ran?.code === 0 ? ran.stdout : undefined);
}

/** @param throttled `throttled=0x50005`, as Raspberry Pi's vcgencmd prints it; undefined on other machines */
export function judgeSupply(throttled: string | undefined): Finding {
  const name = "power supply";
  const bits = Number(/throttled=(0x[0-9a-f]+)/i.exec(throttled ?? "")?.[1] ?? Number.NaN);
  if (Number.isNaN(bits)) return skipped(name, "this machine does not tell");
  const hint = "Use the maker's power supply and a short cable; cameras and hubs may need power of their own.";
  if ((bits & 0x1) !== 0) return failed(name, "under-voltage now", hint);
  if ((bits & 0x10000) !== 0) return warn(name, "under-voltage since the start", hint);
  if ((bits & 0x6) !== 0) return warn(name, "slowed down now", "Give it air or a cooler.");
  return ok(name, "steady since the start");
}
