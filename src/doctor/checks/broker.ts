// The broker: the whole way to it, stage by stage.
import { checkBroker } from "../../uplink/check.ts";
import { type Check, type Finding, failed, ok, skipped } from "../finding.ts";

export const brokerCheck: Check = {
  name: "broker",
  run: async ({ config, signal }) => {
    const { broker, site, device } = config.local;
    if (broker === undefined) return [skipped("broker", "none is configured; events stay in the journal")];
    const findings: Finding[] = [];
    for await (const { stage, ok: good, text, hint } of checkBroker({ broker, site, device }, signal)) {
      const name = `broker ${stage}`;
      findings.push(good ? ok(name, text) : failed(name, text, hint ?? "Run `touchpoint mqtt check`."));
    }
    return findings;
  },
};
