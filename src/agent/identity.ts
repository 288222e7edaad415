// Asks for the next certificate in time: a request with a new key waits when the present one nears its end.
import type { StageReport } from "../supervise/keep-running.ts";
import { type IdentityPlace, requestIdentity } from "../uplink/identity.ts";
import { asFault } from "../words/errors.ts";

/** What the stage `certificates` reports, and with the first word that the device's own one ends soon, the request made. */
export function askingInTime(report: StageReport, place: IdentityPlace): StageReport {
  let asked = false;
  return (state, fault) => {
    if (fault?.code === "CERT_EXPIRING" && fault.details.own === true && !asked) {
      asked = true;
      try {
        requestIdentity(place);
      } catch (thrown) {
        report("degraded", asFault(thrown, "CONFIG_WRITE"));
        return;
      }
    }
    if (state === "ok") asked = false;
    report(state, fault);
  };
}
