// Presence told to a real HTTP server and real programs: the newest word, one at a time, whatever they do meanwhile.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { z } from "zod";
import { PresenceReceiver } from "../../src/config/presence.ts";
import { startPresenceNotify } from "../../src/notify/presence.ts";
import type { StageState } from "../../src/supervise/keep-running.ts";
import type { Fault } from "../../src/words/errors.ts";
import type { Presence } from "../../src/words/presence.ts";
import { startReceiver } from "../fakes/receiver.ts";
import { until } from "../fakes/until.ts";

const QUICK = { firstMs: 5, maxMs: 20, stableAfterMs: 1_000 };
let folder = "";
const ends: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "touchpoint-presence-"));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true });
});

function signals(...receivers: z.input<typeof PresenceReceiver>[]) {
  const stop = new AbortController();
  const said: { state: StageState; fault?: Fault }[] = [];
  const counts: Record<string, number> = {};
  const started = startPresenceNotify(
    receivers.map((one) => PresenceReceiver.parse(one)),
    {
      site: "shop",
      device: "till-03",
      signal: stop.signal,
      report: () => (state, fault) => void said.push({ state, ...(fault === undefined ? {} : { fault }) }),
      count: (stage, counter) => {
        counts[`${stage}.${counter}`] = (counts[`${stage}.${counter}`] ?? 0) + 1;
      },
      backoff: QUICK,
    },
  );
  const end = async (): Promise<void> => {
    stop.abort();
    await started.ended;
  };
  ends.push(end);
  return { tell: started.tell, said, counts, end };
}

function presence(occupied: boolean | null, people: number | null = occupied === true ? 1 : 0): Presence {
  const time = "2026-11-28T09:14:07.311Z";
  return { occupied, people, since: time, time, validUntil: "2026-11-28T09:14:37.311Z", clock: "synced" };
}

/** A program that writes down how it was started, then does what `rest` says. */
function program(name: string, rest = ""): { path: string; lines: () => string[] } {
  const path = join(folder, name);
  const log = `${path}.log`;
  writeFileSync(log, "");
  const noted = `"$PRESENCE_TOUCHPOINT $PRESENCE_OCCUPIED $PRESENCE_PEOPLE $* [\${SECRET-none}]"`;
  writeFileSync(path, `#!/bin/sh\necho ${noted} >> ${log}\n${rest}\n`);
  chmodSync(path, 0o755);
  return { path, lines: () => readFileSync(log, "utf8").split("\n").filter(Boolean) };
}

test("a server gets each change as JSON, with the token of the file and nothing that only a topic needs", async () => {
  const server = await startReceiver();
  ends.push(() => server.close());
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, "signage-5521\n");
  const { tell, counts } = signals({ id: "player", kind: "http", url: server.url, tokenFile });
  tell("checkout", presence(true, 2));
  await until(() => counts["presence:player.told"] === 1, "told");
  const [first] = server.received;
  expect(first?.headers.authorization).toBe("Bearer signage-5521");
  expect(first?.body).toEqual({
    site: "shop",
    device: "till-03",
    touchpoint: "checkout",
    occupied: true,
    people: 2,
    since: "2026-11-28T09:14:07.311Z",
    time: "2026-11-28T09:14:07.311Z",
    clock: "synced",
  });
});

test("a program gets touchpoint and state in its environment, its arguments as they are, and nothing of the agent's", async () => {
  const { path, lines } = program("play");
  process.env.SECRET = "agent-only";
  ends.push(async () => delete process.env.SECRET);
  const { tell, counts } = signals({ id: "player", kind: "command", program: path, args: ["a b", "$HOME"] });
  tell("checkout", presence(true, 3));
  await until(() => counts["presence:player.told"] === 1, "told");
  tell("checkout", presence(null, null));
  await until(() => counts["presence:player.told"] === 2, "told of the lost camera");
  expect(lines()).toEqual(["checkout true 3 a b $HOME [none]", "checkout unknown unknown a b $HOME [none]"]);
});

test("while one is being told the newest wins: never two at once, and what was overtaken is never told", async () => {
  const gate = join(folder, "gate");
  const { path, lines } = program(
    "slow",
    `while [ ! -e ${gate} ]; do sleep 0.01; done; echo end >> ${folder}/slow.log`,
  );
  const { tell, counts } = signals({ id: "player", kind: "command", program: path, timeoutMs: 10_000 });
  tell("checkout", presence(true, 1));
  await until(() => lines().length === 1, "the program runs");
  for (const people of [2, 3, 4]) tell("checkout", presence(true, people));
  tell("door", presence(false));
  writeFileSync(gate, "");
  await until(() => counts["presence:player.told"] === 3, "all told");
  expect(lines().map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
    "checkout true 1",
    "end",
    "checkout true 4",
    "end",
    "door false 0",
    "end",
  ]);
  expect(counts["presence:player.overtaken"]).toBe(2);
});

test("a server that fails is asked again with the newest word only; one that refuses is not", async () => {
  const server = await startReceiver([500, 302, 422]);
  ends.push(() => server.close());
  const { tell, said, counts } = signals({ id: "player", kind: "http", url: server.url });
  tell("checkout", presence(true));
  await until(() => counts["presence:player.failed"] === 3, "refused");
  tell("checkout", presence(false));
  await until(() => counts["presence:player.told"] === 1, "told");
  expect(server.received.map(({ body }) => body.occupied)).toEqual([true, true, true, false]);
  const faults = said.flatMap(({ fault }) => (fault === undefined ? [] : [`${fault.code} ${fault.message}`]));
  expect(faults).toEqual([
    "PRESENCE_FAILED presence receiver player answered 500",
    "PRESENCE_FAILED presence receiver player answered 302",
    "PRESENCE_FAILED presence receiver player answered 422",
  ]);
  expect(said.at(-1)?.state).toBe("ok");
});

test("programs that fail, hang or are not there are counted and stop nothing", async () => {
  const failing = program("failing", "exit 3");
  const hanging = program("hanging", "exec sleep 600");
  const { tell, said, counts, end } = signals(
    { id: "failing", kind: "command", program: failing.path },
    { id: "hanging", kind: "command", program: hanging.path, timeoutMs: 100 },
    { id: "missing", kind: "command", program: join(folder, "nothing") },
    { id: "elsewhere", kind: "command", program: failing.path, touchpoints: ["door"] },
  );
  tell("checkout", presence(true));
  for (const id of ["failing", "hanging", "missing"])
    await until(() => (counts[`presence:${id}.failed`] ?? 0) >= 2, `${id} is tried again`);
  await end();
  const faults = new Set(said.flatMap(({ fault }) => (fault === undefined ? [] : [fault.message])));
  expect(faults).toContain("presence receiver failing: it ended with 3");
  expect(faults).toContain("presence receiver hanging: it did not end within 100 ms");
  expect([...faults].filter((one) => one.startsWith("presence receiver missing"))).toHaveLength(1);
  expect(Object.keys(counts).some((name) => name.includes("elsewhere"))).toBe(false);
});

test("a stop still tells what is known then, once, and waits for nobody without end", async () => {
  const server = await startReceiver();
  ends.push(() => server.close());
  const { path } = program("hanging", "exec sleep 600");
  const { tell, end } = signals(
    { id: "player", kind: "http", url: server.url },
    { id: "hanging", kind: "command", program: path, timeoutMs: 10_000 },
  );
  tell("checkout", presence(null, null));
  const begunMs = performance.now();
  await end();
  expect(server.received.map(({ body }) => body.occupied)).toEqual([null]);
  expect(performance.now() - begunMs).toBeLessThan(8_000);
});
