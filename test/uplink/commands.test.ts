// The gate for commands: retained, expired, seen and unknown ones are refused; an id is on disk before its command runs.
import fc from "fast-check";
import { expect, test } from "vitest";
import { forgotten, KEEP_MS, MAX_IDS, type RunCommand } from "../../src/uplink/command-ids.ts";
import { type Command, Commanding } from "../../src/uplink/commanding.ts";
import { type GateState, judgeCommand, replyTopic } from "../../src/uplink/commands.ts";
import type { Incoming } from "../../src/uplink/connection.ts";
import type { Fault } from "../../src/words/errors.ts";
import { MemoryJournal } from "../fakes/journal.ts";
import { ANYBODY, auditEvent, PLACE, ROOT, until } from "./rig.ts";

const NOW = Date.parse("2026-11-22T09:14:07.311Z");
const inSeconds = (s: number): string => new Date(NOW + s * 1_000).toISOString();
const body = { id: "a1", expires: inSeconds(60), by: "ops", from: 1, to: 2 };
const message = (value: unknown, more: Partial<Incoming> = {}): Incoming => ({
  topic: `${ROOT}/cmd/resend`,
  payload: Buffer.from(typeof value === "string" ? value : JSON.stringify(value)),
  retained: false,
  ...more,
});
const KEPT = { untilMs: NOW + 1 };
/** One command of the same sender about the same thing that was run. @param madeMs relative to now */
const seen = (id: string, madeMs = 0): Map<string, RunCommand> =>
  new Map([[id, { ...KEPT, order: { by: "ops", subject: "resend", issuedMs: NOW + madeMs } }]]);
const state = (more: Partial<GateState> = {}): GateState => ({
  nowMs: NOW,
  clockTrusted: true,
  commands: new Map([
    ["resend", { needsClock: false }],
    ["camera.resume", { needsClock: true }],
  ]),
  rights: ANYBODY,
  place: PLACE,
  seen: new Map(),
  ...more,
});

test("a command in order is run, and its id kept for 24 hours", () => {
  expect(judgeCommand("resend", message(body), state())).toMatchObject({
    do: "run",
    body: { id: "a1", by: "ops", from: 1 },
    keep: { untilMs: NOW + KEEP_MS },
  });
});

test.each([
  ["retained", "resend", body, { retained: true }, {}],
  ["unknown", "reboot", body, {}, {}],
  ["expired", "resend", { ...body, expires: inSeconds(0) }, {}, {}],
  ["expired", "resend", { ...body, expires: "2026-11-22T11:14:07+02:00" }, {}, {}],
  ["too-far", "resend", { ...body, expires: inSeconds(86_401) }, {}, {}],
  ["too-far", "resend", { ...body, issued: inSeconds(-86_341) }, {}, {}],
  ["too-far", "resend", { ...body, expires: inSeconds(600), issued: inSeconds(301) }, {}, {}],
  ["seen", "resend", body, {}, { seen: seen("a1") }],
  ["reordered", "resend", { ...body, issued: inSeconds(-2) }, {}, { seen: seen("a0", -1_000) }],
  ["busy", "resend", body, {}, { seen: new Map(Array.from({ length: MAX_IDS }, (_, i) => [`x${i}`, KEPT])) }],
  ["clock", "camera.resume", body, {}, { clockTrusted: false }],
] as const)("refused as %s: %s", (reason, name, value, more, known) => {
  expect(judgeCommand(name, message(value, more), state(known))).toMatchObject({
    do: "refuse",
    body: { id: "a1" },
    reason,
  });
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
      if (judged.do === "refuse") expect(judged.body.id).toMatch(/^[\x21-\x7e]{1,64}$/);
    }),
    { numRuns: 2_000 },
  );
  expect(judgeCommand("resend", message(`{"id":"${"x".repeat(70_000)}"}`), state())).toMatchObject({
    do: "drop",
    fault: { code: "COMMAND_REFUSED" },
  });
});

test("order matters only among commands of one sender about one thing, and only where both say when they were made", () => {
  const late = { ...body, issued: inSeconds(-2) };
  const others = (order: Partial<RunCommand["order"]>) => ({
    seen: new Map([["a0", { ...KEPT, order: { by: "ops", subject: "resend", issuedMs: NOW - 1_000, ...order } }]]),
  });
  expect(judgeCommand("resend", message(late), state(others({})))).toMatchObject({ reason: "reordered" });
  expect(judgeCommand("resend", message(late), state(others({ by: "shop" })))).toMatchObject({ do: "run" });
  expect(judgeCommand("resend", message(late), state(others({ subject: "camera" })))).toMatchObject({ do: "run" });
  expect(judgeCommand("resend", message(late), state(others({ issuedMs: NOW - 2_000 })))).toMatchObject({ do: "run" });
  expect(judgeCommand("resend", message(body), state(others({})))).toMatchObject({ do: "run" });
});

test("no command that was made before one that was run is good for longer than that one is kept", () => {
  const second = fc.integer({ min: -90_000, max: 90_000 });
  fc.assert(
    fc.property(second, second, second, second, (issued, expires, before, until) => {
      const first = { ...body, issued: inSeconds(issued), expires: inSeconds(expires) };
      const ran = judgeCommand("resend", message(first), state());
      fc.pre(ran.do === "run" && before < issued);
      if (ran.do !== "run") return;
      // Just after it was forgotten, a command that was made earlier and held back comes.
      const held = { ...body, id: "b", issued: inSeconds(before), expires: inSeconds(until) };
      const later = judgeCommand("resend", message(held), state({ nowMs: ran.keep.untilMs }));
      expect(later.do).toBe("refuse");
    }),
  );
});

test("ids are forgotten after their time, and after a clock was set back by years", () => {
  const kept = new Map([
    ["old", { untilMs: NOW - 1 }],
    ["kept", { untilMs: NOW + 1 }],
    ["stray", { untilMs: NOW + 10 * KEEP_MS }],
  ]);
  expect(forgotten(kept, NOW, true)).toEqual(["old", "stray"]);
});

test("a device that restarts without a clock forgets no command that may not be run twice", () => {
  const kept = new Map<string, RunCommand>([["restart", { untilMs: NOW + KEEP_MS }]]);
  expect(forgotten(kept, 0, false)).toEqual([]);
  const harmless = judgeCommand("resend", message(body), state({ nowMs: 0, clockTrusted: false, seen: kept }));
  if (harmless.do !== "run") throw new Error("refused");
  // Once it knows the time again the harmless one is kept for as long as it is good.
  expect(harmless.keep.untilMs).toBe(Date.parse(body.expires));
  for (let i = 0; kept.size < MAX_IDS; i += 1) kept.set(`h${i}`, harmless.keep);
  // Full, with nobody to say what time it is, it gives up the oldest of those that do no harm twice.
  expect(forgotten(kept, 0, false)).toEqual(["h0"]);
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
function commanding(command: Command["run"], journal = new MemoryJournal(), nowMs = () => NOW): Ran {
  const dropped: Fault[] = [];
  const replies: Record<string, unknown>[] = [];
  const one = new Commanding({
    journal,
    commands: new Map([["resend", { needsClock: false, run: command }]]),
    rights: ANYBODY,
    place: PLACE,
    root: ROOT,
    replyPrefix: undefined,
    nowMs,
    clockTrusted: () => true,
    audit: auditEvent,
    dropped: (fault) => dropped.push(fault),
  });
  const send = (value: unknown): void =>
    one.receive("resend", message(value), (_topic, json) => {
      replies.push(JSON.parse(json));
      return undefined;
    });
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
  expect(kept).toEqual([{ untilMs: NOW + KEEP_MS }]);
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
  await until(() => ran.replies.length === 30);
  expect(most).toBe(1);
  const busy = ran.replies.filter(({ reason }) => reason === "busy");
  expect(busy.map(({ id }) => id)).toEqual(Array.from({ length: 14 }, (_, i) => `n${16 + i}`));
  expect(ran.replies).toContainEqual({ id: "n3", ok: false, reason: "failed", message: "no such thing" });
  expect(ran.dropped).toHaveLength(14);
  // There is room again, for the same ids too.
  ran.send({ ...body, id: "n29" });
  await until(() => ran.replies.length === 31);
  expect(ran.replies.at(-1)).toEqual({ id: "n29", ok: true });
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

test("when 1,000 commands have come there is room again after a day, on disk too", async () => {
  const journal = new MemoryJournal();
  // As a version before kept them.
  for (let i = 0; i < MAX_IDS; i += 1) journal.keep.set(`command:old${i}`, NOW + 1);
  let nowMs = NOW;
  const ran = commanding(
    async () => ({ ok: true }),
    journal,
    () => nowMs,
  );
  ran.send(body);
  await until(() => ran.replies.length === 1);
  expect(ran.replies[0]).toMatchObject({ reason: "busy" });
  nowMs = NOW + 1;
  // Refused, and yet what is forgotten is not forgotten on disk.
  ran.send({ ...body, expires: inSeconds(-1) });
  ran.send(body);
  await until(() => ran.replies.length === 3);
  expect(ran.replies[2]).toEqual({ id: "a1", ok: true });
  expect([...journal.keep.keys()]).toEqual(["command:a1"]);
});
