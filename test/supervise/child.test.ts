import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { endChild, exited, startChild, which } from "../../src/supervise/child.ts";
import { until } from "../fakes/until.ts";

describe("child processes", () => {
  it("ends politely, and firmly where that is not enough", async () => {
    const polite = startChild("sleep", ["60"]);
    await endChild(polite);
    expect((await exited(polite)).signal).toBe("SIGTERM");
    const deaf = startChild("sh", ["-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    if (deaf.stdout === null) throw new Error("no pipe");
    await once(deaf.stdout, "data");
    await endChild(deaf);
    expect((await exited(deaf)).signal).toBe("SIGKILL");
  });

  it("says what is not installed", () => {
    expect(() => startChild("no-such-program", [])).toThrowError(expect.objectContaining({ code: "CHILD_MISSING" }));
  });

  it.skipIf(which("setpriv") === undefined)("dies with the agent, even when that is killed", async () => {
    const module = fileURLToPath(new URL("../../dist/src/supervise/child.js", import.meta.url));
    const program = `import { startChild } from ${JSON.stringify(module)}; console.log(startChild("sleep", ["60"]).pid); setInterval(() => {}, 1000);`;
    const agent = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(agent.stdout, "data")) as [Buffer];
    const child = Number(line.toString());
    expect(existsSync(`/proc/${child}`)).toBe(true);
    agent.kill("SIGKILL");
    await until(() => !existsSync(`/proc/${child}`), "child died with its parent");
  });
});
