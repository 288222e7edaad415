// What the audit keeps of commands: what was run, before it is; what was refused, bounded.
import { generateKeyPairSync } from "node:crypto";
import { EventEmitter, once } from "node:events";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CommandsConfig } from "../../src/config/commands.ts";
import { type Command, Commanding } from "../../src/uplink/commanding.ts";
import { EVERY_MS, Refusals } from "../../src/uplink/refusals.ts";
import { rightsOf } from "../../src/uplink/rights.ts";
import { publicKeyLine, signCommand } from "../../src/uplink/signature.ts";
import { AuditData } from "../../src/words/audit.ts";
import { REFUSALS, type Refusal } from "../../src/words/commands.ts";
import { MemoryJournal } from "../fakes/journal.ts";
import { ANYBODY, auditEvent, PLACE, ROOT, until } from "./rig.ts";

const REASONS = Object.keys(REFUSALS) as Refusal[];
const refused = (reason: Refusal, id = "a") => ({ reason, command: "ping", id, by: "eve" });

test("the first of a reason is told at once, the others of its minute together", () => {
  const refusals = new Refusals();
  expect(refusals.add(refused("forged", "a"), 0)).toEqual({ ...refused("forged", "a"), count: 1 });
  expect(refusals.add(refused("forged", "b"), 1)).toBeUndefined();
  expect(refusals.add(refused("forged", "c"), 2)).toBeUndefined();
  expect(refusals.add(refused("seen", "d"), 3)).toMatchObject({ id: "d", count: 1 });
  expect(refusals.due(EVERY_MS - 1)).toEqual([]);
  expect(refusals.due(EVERY_MS)).toEqual([{ ...refused("forged", "c"), count: 2 }]);
  expect(refusals.due(3 * EVERY_MS)).toEqual([]);
  expect(refusals.nextMs).toBeUndefined();
});

test("whatever comes when: each is counted once, and no reason is told more than twice a minute", () => {
  const flood = fc.array(fc.tuple(fc.constantFrom(...REASONS), fc.integer({ min: 0, max: 20_000 })), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(flood, (steps) => {
      const refusals = new Refusals();
      const told: { reason: Refusal; count: number; atMs: number }[] = [];
      let nowMs = 0;
      for (const [reason, laterMs] of steps) {
        nowMs += laterMs;
        for (const one of refusals.due(nowMs)) told.push({ ...one, atMs: nowMs });
        const one = refusals.add(refused(reason), nowMs);
        if (one !== undefined) told.push({ ...one, atMs: nowMs });
      }
      for (const one of refusals.due(Number.POSITIVE_INFINITY)) told.push({ ...one, atMs: nowMs });
      for (const reason of REASONS) {
        const of = told.filter((one) => one.reason === reason);
        const came = steps.filter(([one]) => one === reason).length;
        expect(of.reduce((sum, { count }) => sum + count, 0)).toBe(came);
        // The last word may come early, with the end.
        expect(of.length).toBeLessThanOrEqual(2 + nowMs / EVERY_MS);
      }
    }),
  );
});

const ops = generateKeyPairSync("ed25519").privateKey;
const RIGHTS = rightsOf(
  CommandsConfig.parse({ principals: [{ name: "ops", publicKey: publicKeyLine(ops), may: ["*"] }] }),
);
const expires = new Date(Date.now() + 60_000).toISOString();

class Kept extends MemoryJournal {
  readonly audits: AuditData[] = [];
  override async commit(step: Parameters<MemoryJournal["commit"]>[0]) {
    for (const { type, data } of step.events) if (type === "audit") this.audits.push(AuditData.parse(data));
    return await super.commit(step);
  }
}

function device(rights = RIGHTS, more: Partial<Command> = {}) {
  const journal = new Kept();
  const replies: Record<string, unknown>[] = [];
  const one = new Commanding({
    journal,
    commands: new Map([["ping", { needsClock: false, run: async () => ({ ok: true }), ...more }]]),
    rights,
    place: PLACE,
    root: ROOT,
    replyPrefix: undefined,
    nowMs: Date.now,
    clockTrusted: () => true,
    audit: auditEvent,
    dropped: () => undefined,
  });
  return {
    journal,
    replies,
    commanding: one,
    send: (body: Record<string, unknown>, name = "ping") =>
      one.receive(name, { topic: "", payload: Buffer.from(JSON.stringify(body)), retained: false }, (_, json) => {
        replies.push(JSON.parse(json));
        return undefined;
      }),
  };
}

test("one that was run is told before it is, with who gave it and whether that is proved", async () => {
  let before: unknown;
  const at = device(RIGHTS, {
    run: async () => {
      before = [...at.journal.audits];
      return { ok: false, reason: "failed", message: "no" };
    },
  });
  const body = { id: "a", expires, by: "ops" };
  at.send({ ...body, sig: signCommand(ops, PLACE, "ping", body) });
  await until(() => at.replies.length === 1);
  const about = { action: "command", target: "ping", by: "ops", via: "mqtt", command: "a" };
  expect(before).toEqual([{ ...about, outcome: "run", proved: true }]);
  expect(at.journal.audits.slice(1)).toEqual([{ ...about, outcome: "failed", reasons: ["failed"] }]);
});

test("what a command tells by itself is not told twice, what fails is", async () => {
  const well = device(ANYBODY, { audited: true });
  well.send({ id: "a", expires, by: "eve" });
  await until(() => well.replies.length === 1);
  expect(well.journal.audits).toEqual([]);
  const ill = device(ANYBODY, { audited: true, run: async () => ({ ok: false, reason: "invalid", message: "" }) });
  ill.send({ id: "a", expires, by: "eve" });
  await until(() => ill.replies.length === 1);
  expect(ill.journal.audits).toMatchObject([{ outcome: "failed", reasons: ["invalid"], by: "eve" }]);
});

test("one more than can wait is told so, and the audit, and may come again with its id", async () => {
  const gate = new EventEmitter();
  const opened = once(gate, "open");
  const at = device(ANYBODY, { run: () => opened.then(() => ({ ok: true as const })) });
  for (let i = 0; i < 18; i += 1) at.send({ id: `c${i}`, expires, by: "ops" });
  expect(at.replies.map(({ id, reason }) => [id, reason])).toEqual([
    ["c16", "busy"],
    ["c17", "busy"],
  ]);
  expect(at.journal.audits).toMatchObject([{ outcome: "refused", reasons: ["busy"], command: "c16", count: 1 }]);
  at.send({ no: "command" });
  expect(at.replies).toHaveLength(2);
  gate.emit("open");
  await until(() => at.replies.length === 18);
  at.send({ id: "c17", expires, by: "ops" });
  await until(() => at.replies.length === 19);
  expect(at.replies.filter(({ ok }) => ok === true)).toHaveLength(17);
});

test("a flood of forgeries is two events: the first, and at the end how many followed", async () => {
  const at = device();
  // As many at once as wait for their turn.
  for (let sent = 0; sent < 1_600; sent += 16) {
    for (let i = sent; i < sent + 16; i += 1) at.send({ id: `f${i}`, expires, by: "ops", sig: "x" });
    await until(() => at.replies.length === sent + 16);
  }
  expect(at.replies.every(({ reason }) => reason === "forged")).toBe(true);
  at.commanding.stop();
  expect(at.journal.audits).toMatchObject([
    { outcome: "refused", reasons: ["forged"], by: "ops", command: "f0", count: 1 },
    { outcome: "refused", reasons: ["forged"], by: "ops", command: "f1599", count: 1_599 },
  ]);
  expect(at.journal.keep.size).toBe(0);
});

test("a name of thousands of characters does not get into the journal", async () => {
  const at = device(ANYBODY);
  at.send({ id: "a", expires, by: "eve" }, "x".repeat(10_000));
  await until(() => at.replies.length === 1);
  expect(at.journal.audits[0]?.target).toHaveLength(64);
});

test("one that takes long keeps nobody waiting", async () => {
  let finish: () => void = () => undefined;
  const at = device(ANYBODY, {
    aside: true,
    run: async ({ id }) => {
      if (id === "long")
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
      return { ok: true };
    },
  });
  at.send({ id: "long", expires, by: "eve" });
  at.send({ id: "short", expires, by: "eve" });
  await until(() => at.replies.length === 1);
  finish();
  await until(() => at.replies.length === 2);
  expect(at.replies.map(({ id }) => id)).toEqual(["short", "long"]);
});
