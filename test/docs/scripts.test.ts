// Setup where it cannot do its work, and the service unit as systemd reads it.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packageRoot } from "../../src/place.ts";
import { which } from "../../src/supervise/child.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "touchpoint-scripts-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("setup", () => {
  const BASICS = ["bash", "env", "dirname", "readlink", "awk", "sort", "head", "cat", "tr", "grep", "cksum"];
  const NEEDED = ["ffmpeg", "mosquitto", "mosquitto_sub", "gpiomon", "openssl", "setpriv", "flock", "python3"];

  /** Runs setup on a machine that has only these programs, as somebody without rights. */
  function setup(programs: readonly string[], node: string): { status: number | null; stderr: string } {
    for (const program of [...BASICS, ...programs]) {
      const file = which(program) ?? which(`../sbin/${program}`);
      if (file !== undefined) symlinkSync(file, join(folder, program));
    }
    const said = (name: string, text: string): void => {
      writeFileSync(join(folder, name), `#!/bin/sh\necho ${text}\n`);
      chmodSync(join(folder, name), 0o755);
    };
    said("id", "1000");
    said("node", node);
    for (const tool of ["npm", "apt-get"]) said(tool, "must not be called");
    const { status, stdout, stderr } = spawnSync(join(packageRoot(), "scripts", "setup"), {
      env: { PATH: folder },
      encoding: "utf8",
    });
    expect(stdout).toBe("");
    return { status, stderr };
  }

  it("refuses an old Node, and says where a newer one is", () => {
    const { status, stderr } = setup(NEEDED, "v18.20.4");
    expect(status).toBe(2);
    expect(stderr).toMatch(/Node v18\.20\.4 is too old: version 20\.19\.0 or newer/);
  });

  it("without rights prints the one line to run, with everything in it that is missing", () => {
    const { status, stderr } = setup(NEEDED, process.version);
    expect(status).toBe(2);
    expect(stderr).toMatch(/run this once: sudo apt-get update && sudo apt-get install .* -y .*\bsocat\b/);
    expect(stderr).toMatch(/\bg\+\+/);
    expect(stderr).not.toMatch(/\bffmpeg\b/);
  });
});

describe("the service unit", () => {
  const unit = readFileSync(join(packageRoot(), "systemd", "touchpoint.service"), "utf8");

  it.skipIf(which("systemd-analyze") === undefined)("is one that systemd accepts without a word", () => {
    const file = join(folder, "touchpoint.service");
    writeFileSync(file, unit.replaceAll("/opt/touchpoint", packageRoot()));
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
    expect(`${stdout}${stderr}`).toBe("");
    expect(status).toBe(0);
  });

  it("is guarded, restarted for ever, and writes no memory to disk", () => {
    for (const line of [
      "Type=notify",
      "WatchdogSec=30",
      "Restart=always",
      "RestartPreventExitStatus=78",
      "LimitCORE=0",
      "MemorySwapMax=0",
      "KillMode=control-group",
      "NoNewPrivileges=yes",
      "ProtectSystem=strict",
    ])
      expect(unit.split("\n")).toContain(line);
  });
});
