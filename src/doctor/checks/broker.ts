// The broker: the whole way to it, stage by stage.
import { bootId } from "../../clock/clock.ts";
import { checkBroker } from "../../uplink/check.ts";
import { type Check, type Finding, failed, ok, skipped, warn } from "../finding.ts";

export const brokerCheck: Check = {
  name: "broker",
  run: async ({ config, signal }) => {
    const { broker, site, device } = config.local;
    if (broker === undefined) return [skipped("broker", "none is configured; events stay in the journal")];
    const findings: Finding[] = [];
    const settings = { broker, site, device, boot: bootId() };
    for await (const { stage, ok: good, warning, text, hint = "Run `touchpoint mqtt check`." } of checkBroker(
      settings,
      signal,
    )) {
      const name = `broker ${stage}`;
      if (!good) findings.push(failed(name, text, hint));
      else findings.push(warning === true ? warn(name, text, hint) : ok(name, text));
    }
    return findings;
  },
};
