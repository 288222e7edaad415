// Bad configurations: each is refused by the daemon itself, with exit status 78, a code and the place.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { STARTED, startAgent } from "../agent-process.ts";
import { trialConfig } from "../settings.ts";
import { type Case, type Row, tryAll } from "./row.ts";
import { withFolder, withTill } from "./till.ts";

/** A small configuration that is good, to be spoilt. */
export const SMALL = stringify(
  trialConfig({ folder: "/nowhere", local: { pads: [{ id: "p1", driver: "simulated" }] } }),
);

export async function configRows(): Promise<Row[]> {
  return await tryAll("config", [
    refused("no file", "CONFIG_UNREADABLE", undefined),
    refused("an empty file", "CONFIG_INVALID", ""),
    refused("two megabytes of comments", "CONFIG_UNREADABLE", `# ${"x".repeat(2_097_152)}\n`),
    refused("random bytes", "CONFIG_UNREADABLE", randomBytes(4_096)),
    refused("Latin-1 instead of UTF-8", "CONFIG_UNREADABLE", Buffer.from(`${SMALL}# caf\u00e9\n`, "latin1")),
    refused("a list instead of settings", "CONFIG_INVALID", "- a\n- b\n"),
    refused("cut off in the middle of a quote", "CONFIG_SYNTAX", `${SMALL}\nname: "half`),
    refused("a tab as indentation", "CONFIG_SYNTAX", SMALL.replace("local:\n  device", "local:\n\tdevice")),
    refused(
      "a key twice",
      "CONFIG_SYNTAX",
      SMALL.replace("  site: trial\n", "  site: trial\n  site: other\n"),
      "line 5",
    ),
    refused(
      "an unknown key",
      "CONFIG_INVALID",
      SMALL.replace("  site: trial\n", "  site: trial\n  colour: red\n"),
      "line 5",
    ),
    refused("a number where text belongs", "CONFIG_INVALID", SMALL.replace("site: trial", "site: 17"), "line 4"),
    refused("a device name with spaces", "CONFIG_INVALID", SMALL.replace("till-03", '"Till No 3"'), "line 3"),
    refused("a touchpoint with a pad that is not there", "CONFIG_INVALID", SMALL.replace("- p1", "- p2"), "line 14"),
    refused(
      "a driver that is not there",
      "CONFIG_INVALID",
      SMALL.replace("driver: simulated", "driver: telepathy"),
      "line 9",
    ),
    refused("aliases that would unfold to millions", "CONFIG_SYNTAX", aliases()),
    {
      tried: "a secret file that is not there",
      expected: "CONFIG_SECRET on the uplink, tried again; buttons go on",
      run: () =>
        withTill(
          { local: { broker: { url: "mqtt://127.0.0.1:9", passwordFile: "/nowhere/secret" } } },
          async (till) => `${await till.degraded("uplink")} on the uplink, tried again; ${await till.buttonsGoOn()}`,
        ),
    },
  ]);
}

/**
 * The daemon, started with this file, ends with the code and names the place.
 * @param text undefined for no file at all
 */
export function refused(tried: string, code: string, text: string | Uint8Array | undefined, place?: string): Case {
  const at = place === undefined ? "" : ` at ${place}`;
  return {
    tried,
    expected: `${code}${at}; exit 78`,
    run: () =>
      withFolder(async (folder) => {
        const file = join(folder, "touchpoint.yaml");
        if (text !== undefined) writeFileSync(file, text);
        const agent = startAgent(file);
        const started = agent.heard(({ msg }) => msg === STARTED, "it started").then(() => agent.end("SIGKILL"));
        const { code: status } = await Promise.race([agent.ended, started.catch(() => agent.end("SIGKILL"))]);
        const said = agent.printed();
        const [, found = "no code"] = /^([A-Z_]+): /.exec(said) ?? [];
        const [, line] = /touchpoint\.yaml:(\d+):\d+: /.exec(said) ?? [];
        const where = place === undefined || line === undefined ? "" : ` at line ${line}`;
        return `${found}${where}; exit ${status}`;
      }),
  };
}

function aliases(): string {
  const levels = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(", ")}]`);
  return ["a0: &a0 [x]", ...levels].join("\n");
}
