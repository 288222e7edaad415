// No picture leaves memory: the canary in the scene is looked for in everything that the running agent wrote, sent or printed.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AgentProcess, STARTED, startAgent } from "../../scripts/trials/agent-process.ts";
import { commandLine, descendants } from "../../scripts/trials/processes.ts";
import { ROOT, writeTrialConfig } from "../../scripts/trials/settings.ts";
import { startSubscriber } from "../../scripts/trials/subscriber.ts";
import { createLeakSearch, FRAME } from "../../src/privacy/leak-search.ts";
import { filesBelow } from "../../src/privacy/rehearse.ts";
import { which } from "../../src/supervise/child.ts";
import { type Envelope, MoodData } from "../../src/words/events.ts";
import { MOSQUITTO_ABSENT, mosquittoProgram, startMosquitto } from "../fakes/mosquitto.ts";
import { createFakePad } from "../fakes/pad.ts";
import { CABLES, createCable } from "../fakes/pty.ts";
import { startTap } from "../fakes/tap.ts";
import { until } from "../fakes/until.ts";

/** A scene of this run only, so that no other run's picture is taken for it. */
const SEED = 1_000_000 + Math.floor(Math.random() * 1_000_000_000);
/** Folders of the whole machine in which a program may leave things; only what is new is looked into. */
const COMMON = ["/tmp", "/var/tmp", "/dev/shm"];
const LARGEST = 64 * 1_048_576;

const ready = CABLES && mosquittoProgram() !== undefined;
const folder = mkdtempSync(join(tmpdir(), "touchpoint-canary-"));
const own = (name: string): string => {
  mkdirSync(join(folder, name), { recursive: true });
  return join(folder, name);
};
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An agent with the canary before its camera, in folders of its own; ends with whatever `signal` the caller sends. */
function watchingAgent(
  name: string,
  more: { port?: string; brokerUrl?: string; under?: readonly string[] } = {},
): { agent: AgentProcess; home: string } {
  const home = own(name);
  const config = writeTrialConfig({
    folder: home,
    ...(more.brokerUrl === undefined ? {} : { brokerUrl: more.brokerUrl }),
    local: {
      logLevel: "debug",
      pads: more.port === undefined ? [] : [{ id: "p1", driver: "serial", port: more.port }],
      cameras: [{ id: "door", source: { kind: "scene", seed: SEED, canary: true }, ...FRAME, fps: 8 }],
      privacy: {
        emotion: { purpose: "proof that pictures stay in memory", controller: "the test", notice: "this file" },
      },
    },
    zone: { camera: "door", dwellMs: 500 },
    mood: { intervalS: 10, k: 2 },
  });
  for (const part of ["tmp", "cwd"]) own(join(name, part));
  const env = { HOME: home, TMPDIR: join(home, "tmp"), XDG_CACHE_HOME: join(home, "cache") };
  const agent = startAgent(config, { env, cwd: join(home, "cwd"), ...(more.under === undefined ? {} : more) });
  return { agent, home };
}

/** What is new in the common folders, at most two levels down. */
function commonFiles(): Map<string, number> {
  const found = new Map<string, number>();
  const look = (path: string, depth: number): void => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isFile() === true && stat.size <= LARGEST) found.set(path, stat.mtimeMs);
    if (stat?.isDirectory() !== true || depth === 0 || path === folder) return;
    for (const name of readdirSync(path)) look(join(path, name), depth - 1);
  };
  for (const path of COMMON) if (existsSync(path)) look(path, 3);
  return found;
}

/** Content of regular files that the processes hold open, deleted ones too. */
function openFiles(pids: readonly number[]): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const pid of pids)
    for (const fd of entriesOf(`/proc/${pid}/fd`)) {
      const path = `/proc/${pid}/fd/${fd}`;
      try {
        const stat = statSync(path);
        const isOwn = readlinkSync(path).startsWith(folder) || readlinkSync(path).endsWith(" (deleted)");
        if (stat.isFile() && isOwn && stat.size <= LARGEST)
          found.set(`${pid}: ${readlinkSync(path)}`, readFileSync(path));
      } catch {
        // closed meanwhile
      }
    }
  return found;
}

function entriesOf(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

describe.skipIf(!ready)(`the running agent (else: no socat, or ${MOSQUITTO_ABSENT})`, () => {
  const evidence = new Map<string, Uint8Array>();
  let events: readonly Envelope[] = [];
  let counters: Record<string, number> = {};
  let limits: { pid: number; core: string; filter: string }[] = [];
  let sceneCommand: string[] = [];

  beforeAll(async () => {
    const ending: (() => Promise<unknown>)[] = [];
    const before = commonFiles();
    try {
      const broker = await startMosquitto();
      ending.push(broker.dispose);
      const tap = await startTap(broker.port);
      ending.push(tap.close);
      const subscriber = await startSubscriber(broker.port, ROOT);
      ending.push(subscriber.end);
      const cable = await createCable();
      ending.push(cable.remove);
      const { agent, home } = watchingAgent("agent", { port: cable.agentEnd, brokerUrl: tap.url });
      ending.push(() => agent.end("SIGKILL"));
      await agent.heard(({ msg }) => msg === STARTED, "it started");
      await agent.heard(({ stage, state }) => stage === "camera:door" && state === "ok", "the camera is open");
      const pad = await createFakePad(cable.padEnd, "P1", "c1");
      ending.push(pad.unplug);
      const pids = [agent.pid, ...descendants(agent.pid)];
      sceneCommand = pids.map(commandLine).find((line) => line.includes("--canary")) ?? [];
      await until(() => agent.lines.length > 0 && settled(agent.pid), "limits are set");
      limits = pids.map(limitsOf);
      // Two intervals of mood, with somebody who presses meanwhile.
      const moods = (): number => subscriber.arrived.filter(({ type }) => type === "mood").length;
      for (const round of [1, 2]) {
        pad.press(`${round}`);
        await until(() => moods() >= round, `mood ${round}`, 40_000);
        for (const [name, bytes] of openFiles(pids)) evidence.set(`open file ${round} ${name}`, bytes);
        for (const file of filesBelow(home)) evidence.set(`file ${round} ${file}`, readFileSync(file));
      }
      expect(await agent.end("SIGTERM")).toEqual({ code: 0, signal: null });
      const health = (): typeof counters | undefined =>
        (subscriber.retained.get("state/health") as { counters?: typeof counters } | undefined)?.counters;
      await until(() => (health()?.["camera:door.inferred"] ?? 0) > 0, "the last health state came");
      counters = health() ?? {};
      events = subscriber.arrived;
      for (const file of filesBelow(home)) evidence.set(`file at the end ${file}`, readFileSync(file));
      evidence.set("printed", Buffer.from(agent.printed()));
      evidence.set("sent", tap.sent());
      for (const [file, changed] of commonFiles())
        if (before.get(file) !== changed && existsSync(file)) evidence.set(`common ${file}`, readFileSync(file));
    } finally {
      for (const end of ending.reverse()) await end();
    }
  }, 150_000);

  test("looked at frames with the canary in them, and read faces off them", async () => {
    expect(counters["camera:door.inferred"]).toBeGreaterThan(20);
    const moods = events.filter(({ type }) => type === "mood").map(({ data }) => MoodData.parse(data));
    expect(moods.some(({ observations }) => observations > 0)).toBe(true);
    expect(events.some(({ type }) => type === "presence")).toBe(true);
    // What that very camera process sends holds the canary: otherwise there would be nothing to find.
    const [node = "", ...args] = sceneCommand.slice(sceneCommand.findIndex((word) => word.endsWith("node")));
    const search = await createLeakSearch(SEED);
    expect(await search.find(firstFrame(node, args))).toBeDefined();
  });

  test("left the canary in no file, no byte sent, no word printed", async () => {
    const search = await createLeakSearch(SEED);
    const names = [...evidence.keys()];
    for (const wanted of ["journal.db", "journal.db-wal", "printed", "sent"])
      expect(
        names.some((name) => name.endsWith(wanted)),
        wanted,
      ).toBe(true);
    expect(evidence.get("sent")?.length).toBeGreaterThan(2_000);
    expect(evidence.get("printed")?.length).toBeGreaterThan(500);
    const leaks: string[] = [];
    for (const [name, bytes] of evidence) {
      const found = await search.find(bytes);
      if (found !== undefined) leaks.push(`${name}: ${found}`);
    }
    expect(leaks).toEqual([]);
  }, 120_000);

  test("and its children may write no core file, and nothing into one", () => {
    expect(limits.length).toBeGreaterThan(1);
    for (const { core, filter } of limits) expect({ core, filter }).toEqual({ core: "0 0", filter: "00000000" });
  });
});

/** Core limits are set by a child of the agent, a moment after its start. */
function settled(pid: number): boolean {
  return limitsOf(pid).core === "0 0";
}

function limitsOf(pid: number): { pid: number; core: string; filter: string } {
  const [, soft = "?", hard = "?"] =
    /^Max core file size\s+(\S+)\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8")) ?? [];
  return { pid, core: `${soft} ${hard}`, filter: readFileSync(`/proc/${pid}/coredump_filter`, "utf8").trim() };
}

function firstFrame(program: string, args: readonly string[]): Buffer {
  const wanted = FRAME.width * FRAME.height * 3;
  return execFileSync("sh", ["-c", `"$@" | head -c ${wanted}`, "sh", program, ...args], { maxBuffer: wanted + 1 });
}

describe.each(["SIGABRT", "SIGSEGV", "SIGUSR2", "SIGQUIT"] as const)("an agent that dies of %s", (signal) => {
  test("leaves no core file, no report and no picture", { timeout: 60_000 }, async () => {
    const { agent, home } = watchingAgent(`dying-${signal}`);
    await agent.heard(({ stage, state }) => stage === "camera:door" && state === "ok", "the camera is open");
    const [child] = descendants(agent.pid).filter((pid) => commandLine(pid).includes("--canary"));
    // First its camera process, which has pictures in its memory, then the agent itself.
    const after = agent.lines.length;
    process.kill(child ?? 0, signal);
    await agent.heard(({ stage, state }) => stage === "camera:door" && state === "degraded", "the camera died", after);
    await agent.heard(({ stage, state }) => stage === "camera:door" && state === "ok", "it is back", after);
    expect((await agent.end(signal)).signal).toBe(signal);
    const names = filesBelow(home).map((file) => file.slice(home.length + 1));
    expect(
      names.filter(
        (name) =>
          !/^(touchpoint\.yaml|data\/journal\.db(\.lock|\.reserve|\.witness)?(-wal|-shm|-journal)?)$/.test(name),
      ),
    ).toEqual([]);
    const search = await createLeakSearch(SEED);
    for (const file of filesBelow(home)) expect(await search.find(readFileSync(file)), file).toBeUndefined();
    expect(await search.find(Buffer.from(agent.printed()))).toBeUndefined();
  });
});

/** Whether a process may be traced here; some containers forbid it. */
function traceable(): boolean {
  try {
    execFileSync("strace", ["-o", "/dev/null", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(which("strace") === undefined || !traceable())(
  "traced by strace (else: not installed or not allowed)",
  () => {
    test("agent and children open for writing nothing but the journal, and speak to nobody but the broker", async () => {
      const trace = join(folder, "trace");
      const calls = ["openat", "open", "creat", "connect", "memfd_create", "rename", "renameat2", "linkat", "sendto"];
      const { agent, home } = watchingAgent("traced", {
        brokerUrl: "mqtt://127.0.0.1:9",
        under: ["strace", "-f", "-qq", "-o", trace, "-e", `trace=${calls.join(",")}`],
      });
      try {
        await agent.heard(({ stage, state }) => stage === "camera:door" && state === "ok", "the camera is open");
        await agent.heard(({ msg, stage }) => msg === "stage changed" && stage === "uplink", "the broker was tried");
        const text = (): string => readFileSync(trace, "utf8");
        await until(() => text().includes("sin_port=htons(9)"), "it tried to connect");
        await until(() => existsSync(join(home, "data", "journal.db-wal")), "the journal is written");
      } finally {
        for (const pid of descendants(agent.pid)) process.kill(pid, "SIGTERM");
        await agent.ended;
      }
      const lines = readFileSync(trace, "utf8").split("\n");
      const written = lines.flatMap(
        (line) => /open(?:at)?\((?:AT_FDCWD, )?"([^"]+)", [^)]*O_(?:WRONLY|RDWR|CREAT)/.exec(line)?.[1] ?? [],
      );
      expect(written.some((path) => path.endsWith("journal.db-wal"))).toBe(true);
      const allowed = new RegExp(
        `^(${home}/data/journal\\.db(\\.lock|\\.reserve|\\.witness(\\.\\d+\\.new)?)?(-wal|-shm|-journal)?|/dev/null|/dev/tty|/proc/self/coredump_filter)$`,
      );
      expect([...new Set(written)].filter((path) => !allowed.test(path))).toEqual([]);
      expect(lines.filter((line) => /memfd_create|creat\(|linkat\(/.test(line))).toEqual([]);
      const spoken = lines.filter((line) => /(connect|sendto)\(/.test(line) && /sin_|sin6_|sun_/.test(line));
      expect(spoken.length).toBeGreaterThan(0);
      expect(spoken.filter((line) => !/sin_port=htons\(9\), sin_addr=inet_addr\("127\.0\.0\.1"\)/.test(line))).toEqual(
        [],
      );
    }, 90_000);
  },
);
