import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createWatchdog, type Watchdog } from "../../src/agent/watchdog.ts";
import { which } from "../../src/supervise/child.ts";
import { until } from "../fakes/until.ts";

const TOOLS = which("systemd-notify") !== undefined && which("socat") !== undefined;

describe.skipIf(!TOOLS)("watchdog, heard by a real datagram socket", () => {
  const open: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  async function listen(alive: () => Promise<unknown>): Promise<{ heard: () => string; watchdog: Watchdog }> {
    const folder = await mkdtemp(join(tmpdir(), "touchpoint-notify-"));
    open.push(() => rm(folder, { recursive: true, force: true }));
    const socket = join(folder, "notify");
    const manager = spawn("socat", ["-u", `UNIX-RECV:${socket}`, "-"], { stdio: ["ignore", "pipe", "ignore"] });
    open.push(() => void manager.kill("SIGKILL"));
    let text = "";
    manager.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    const { existsSync } = await import("node:fs");
    await until(() => existsSync(socket), "notify socket");
    const watchdog = createWatchdog({ ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: "150000" }, alive);
    open.push(() => watchdog.end());
    return { heard: () => text, watchdog };
  }

  it("says ready, then beats while real work is done", async () => {
    const { heard, watchdog } = await listen(() => Promise.resolve());
    watchdog.ready();
    await until(() => heard().includes("READY=1") && heard().includes("WATCHDOG=1"), "ready and a beat");
  });

  it("does not beat while the journal gives no answer, and beats again when it does", async () => {
    let asked = 0;
    let answers = false;
    const { heard } = await listen(() => {
      asked += 1;
      return answers ? Promise.resolve() : new Promise(() => undefined);
    });
    await until(() => asked >= 5, "asked five times");
    expect(heard()).not.toContain("WATCHDOG=1");
    answers = true;
    await until(() => heard().includes("WATCHDOG=1"), "a beat");
  });
});
