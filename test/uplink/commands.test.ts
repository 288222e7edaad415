// The gate for commands: retained, expired, seen and unknown ones are refused; an id is on disk before its command runs.
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Command, Commanding } from "../../src/uplink/commanding.ts";
import { forgotten, type GateState, judgeCommand, KEEP_MS, MAX_IDS, replyTopic } from "../../src/uplink/commands.ts";
import type { Incoming } from "../../src/uplink/connection.ts";
import type { Fault } from "../../src/words/errors.ts";
import { MemoryJournal } from "../fakes/journal.ts";
import { ROOT, until } from "./rig.ts";

const NOW = Date.parse("2026-11-22T09:14:07.311Z");
const inSeconds = (s: number): string => new Date(NOW + s * 1_000).toISOString();
const body = { id: "a1", expires: inSeconds(60), by: "ops", from: 1, to: 2 };
const message = (value: unknown, more: Partial<Incoming> = {}): Incoming => ({
  topic: `${ROOT}/cmd/resend`,
  payload: Buffer.from(typeof value === "string" ? value : JSON.stringify(value)),
  retained: false,
  ...more,
});
const state = (more: Partial<GateState> = {}): GateState => ({
  nowMs: NOW,
  clockTrusted: true,
  commands: new Map([
    ["resend", { needsClock: false }],
    ["erase", { needsClock: true }],
  ]),
  seen: new Map(),
  ...more,
});

test("a command in order is run, and its id kept for 24 hours", () => {
  expect(judgeCommand("resend", message(body), state())).toMatchObject({
    do: "run",
    body: { id: "a1", by: "ops", from: 1 },
    keepUntilMs: NOW + KEEP_MS,
  });
});

test.each([
  ["retained", "resend", body, { retained: true }, {}],
  ["unknown", "reboot", body, {}, {}],
  ["expired", "resend", { ...body, expires: inSeconds(0) }, {}, {}],
  ["expired", "resend", { ...body, expires: "2026-11-22T11:14:07+02:00" }, {}, {}],
  ["too-far", "resend", { ...body, expires: inSeconds(86_401) }, {}, {}],
  ["seen", "resend", body, {}, { seen: new Map([["a1", NOW + 1]]) }],
  ["busy", "resend", body, {}, { seen: new Map(Array.from({ length: MAX_IDS }, (_, i) => [`x${i}`, NOW + 1])) }],
  ["clock", "erase", body, {}, { clockTrusted: false }],
] as const)("refused as %s: %s", (reason, name, value, more, known) => {
  expect(judgeCommand(name, message(value, more), state(known))).toMatchObject({ do: "refuse", id: "a1", reason });
});

test("a device without a clock runs what does no harm late", () => {
  const known = state({ nowMs: 0, clockTrusted: false });
  expect(judgeCommand("resend", message(body), known)).toMatchObject({ do: "run" });
});

test("whatever comes is judged, never thrown; nothing without an id is answered", () => {
  const anything = fc.oneof(
    fc.string(),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    fc.json(),
    fc.record(
      { id: fc.anything(), expires: fc.anything(), by: fc.anything(), from: fc.anything() },
      { requiredKeys: [] },
    ),
  );
  fc.assert(
    fc.property(anything, fc.string(), (value, name) => {
      const judged = judgeCommand(name, message(value), state());
      expect(["drop", "refuse", "run"]).toContain(judged.do);
      if (judged.do === "refuse") expect(judged.id).toMatch(/^[\x21-\x7e]{1,64}$/);
    }),
    { numRuns: 2_000 },
  );
  expect(judgeCommand("resend", message(`{"id":"${"x".repeat(70_000)}"}`), state())).toMatchObject({
    do: "drop",
    fault: { code: "COMMAND_REFUSED" },
  });
});

test("ids are forgotten after their time, and after a clock was set back by years", () => {
  const seen = new Map([
    ["old", NOW - 1],
    ["kept", NOW + 1],
    ["stray", NOW + 10 * KEEP_MS],
  ]);
  expect(forgotten(seen, NOW)).toEqual(["old", "stray"]);
});

test.each([
  ["acme/replies/7", "acme/replies", "acme/replies/7"],
  ["acme/replies", "acme/replies", undefined],
  ["acme/repliesx/7", "acme/replies", undefined],
  ["acme/replies/+", "acme/replies", undefined],
  ["acme/replies/#", "acme/replies", undefined],
  ["acme/replies/\0", "acme/replies", undefined],
  [`acme/replies/${"x".repeat(1_100)}`, "acme/replies", undefined],
  ["acme/replies/7", undefined, undefined],
])("response topic %s below %s", (responseTopic, prefix, used) => {
  expect(replyTopic(ROOT, "resend", message(body, { responseTopic }), prefix)).toBe(used ?? `${ROOT}/reply/resend`);
});

interface Ran {
  readonly commanding: Commanding;
  readonly journal: MemoryJournal;
  readonly replies: Record<string, unknown>[];
  readonly dropped: Fault[];
  send(value: unknown): void;
}
function commanding(command: Command["run"], journal = new MemoryJournal()): Ran {
  const dropped: Fault[] = [];
  const replies: Record<string, unknown>[] = [];
  const one = new Commanding({
    journal,
    commands: new Map([["resend", { needsClock: false, run: command }]]),
    root: ROOT,
    replyPrefix: undefined,
    nowMs: () => NOW,
    clockTrusted: () => true,
    dropped: (fault) => dropped.push(fault),
  });
  const send = (value: unknown): void =>
    one.receive("resend", message(value), (_topic, json) => replies.push(JSON.parse(json)));
  return { commanding: one, journal, replies, dropped, send };
}

test("the id is on disk before the act, so that a restart in between does not run it twice", async () => {
  const journal = new MemoryJournal();
  const kept: unknown[] = [];
  const first = commanding(async () => {
    kept.push(journal.keep.get("command:a1"));
    return { ok: true };
  }, journal);
  first.send(body);
  await until(() => first.replies.length === 1);
  expect(kept).toEqual([NOW + KEEP_MS]);
  const afterRestart = commanding(async () => ({ ok: true }), journal);
  afterRestart.send(body);
  await until(() => afterRestart.replies.length === 1);
  expect(afterRestart.replies[0]).toMatchObject({ id: "a1", ok: false, reason: "seen" });
});

test("one after the other, each answered; a failing command answers too; a flood is bounded", async () => {
  let running = 0;
  let most = 0;
  const ran = commanding(async ({ id }) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (id === "n3") throw new Error("no such thing");
    return { ok: true };
  });
  for (let i = 0; i < 30; i += 1) ran.send({ ...body, id: `n${i}` });
  await until(() => ran.replies.length === 16);
  expect(most).toBe(1);
  expect(ran.replies[3]).toEqual({ id: "n3", ok: false, reason: "failed", message: "no such thing" });
  expect(ran.dropped).toHaveLength(14);
  // There is room again.
  ran.send({ ...body, id: "later" });
  await until(() => ran.replies.length === 17);
  expect(ran.replies.at(-1)).toEqual({ id: "later", ok: true });
});

test("a disk that refuses the id keeps the command from running", async () => {
  let acts = 0;
  const journal = new MemoryJournal();
  const ran = commanding(async () => {
    acts += 1;
    return { ok: true };
  }, journal);
  await journal.close();
  ran.send(body);
  await until(() => ran.replies.length === 1);
  expect(ran.replies[0]).toMatchObject({ id: "a1", ok: false, reason: "busy" });
  expect(acts).toBe(0);
});
