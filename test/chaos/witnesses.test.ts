// The witnesses of the chaos suite see what they are there to see: a judge that finds nothing in anything proves nothing.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { judgeArrivals } from "../../scripts/chaos/arrivals.ts";
import { startLink, WELL } from "../../scripts/chaos/link.ts";
import { mutant, noise } from "../../scripts/chaos/mutants.ts";
import { isWrong, mustBe, runTrial, type Trial, table } from "../../scripts/chaos/trial.ts";
import { buttonOf } from "../../scripts/trials/press-stream.ts";
import { seededRandom } from "../../src/simulate/random.ts";
import type { Envelope, EventType } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";
import { until } from "../fakes/until.ts";

describe("what arrived", () => {
  const stream = randomUUID();
  const event = (seq: number, type: EventType, data: Record<string, unknown>, of = stream): Envelope => ({
    ...stamped(type, seq, data),
    stream: of,
    seq,
  });
  const press = (seq: number, counter: number, of = stream): Envelope =>
    event(seq, "press", { button: buttonOf(counter) }, of);
  const gap = (data: Record<string, unknown>, seq: number, of = stream): Envelope =>
    event(seq, "gap", { source: "journal", count: 1, reason: "a test", ...data }, of);

  test("is whole: nothing to blame", () => {
    const arrived = [press(1, 0), press(2, 1), press(3, 2)];
    expect(judgeArrivals([...arrived, ...arrived], new Set([0, 1, 2]))).toEqual({
      streams: 1,
      events: 3,
      presses: 3,
      lost: 0,
      twice: 0,
      clashes: 0,
      owned: 0,
      holes: 0,
    });
  });

  test("lacks an acknowledged press, and has another under two numbers", () => {
    const verdict = judgeArrivals([press(1, 0), press(2, 2), press(3, 2)], new Set([0, 1, 2]));
    expect(verdict).toMatchObject({ lost: 1, twice: 1 });
  });

  test("has two truths under one number", () => {
    expect(judgeArrivals([press(1, 0), press(1, 1)], new Set([0]))).toMatchObject({ clashes: 1 });
  });

  test("has a hole, unless a gap owns it: of its own stream, of another, or in parts", () => {
    const hole = [press(1, 0), press(4, 1)];
    expect(judgeArrivals(hole, new Set())).toMatchObject({ holes: 2, owned: 0 });
    expect(judgeArrivals([...hole, gap({ from: 2, to: 3 }, 5)], new Set())).toMatchObject({ holes: 0, owned: 2 });
    const elsewhere = randomUUID();
    const told = gap({ from: 2, to: 3, stream }, 1, elsewhere);
    expect(judgeArrivals([...hole, told], new Set())).toMatchObject({ streams: 2, holes: 0, owned: 2 });
    const parts = gap({ from: 1, to: 3, ranges: [[1, 2]] }, 5);
    expect(judgeArrivals([...hole, parts], new Set())).toMatchObject({ holes: 1, owned: 1 });
    const pad = gap({ source: "pad", from: 2, to: 3 }, 5);
    expect(judgeArrivals([...hole, pad], new Set())).toMatchObject({ holes: 2, owned: 0 });
  });
});

describe("the link", () => {
  /** A server that sends back what it hears, a link to it, and a client beyond the link. */
  async function echo() {
    const heard: Buffer[] = [];
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => {
        heard.push(chunk);
        socket.write(chunk);
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const link = await startLink(address.port, seededRandom(1));
    onTestFinished(link.close);
    const dial = async () => {
      const back: Buffer[] = [];
      const client: Socket = connect(link.port, "127.0.0.1");
      client.on("error", () => undefined);
      client.on("data", (chunk: Buffer) => back.push(chunk));
      const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
      onTestFinished(() => void client.destroy());
      return { client, closed, back: () => Buffer.concat(back).toString() };
    };
    return { link, dial, heard: () => Buffer.concat(heard).toString() };
  }

  test("carries everything in order, delayed or not", async () => {
    const { link, dial } = await echo();
    const { client, back } = await dial();
    client.write("one ");
    link.set({ delayMs: 40 });
    client.write("two ");
    link.set({ delayMs: 1 });
    client.write("three");
    await until(() => back() === "one two three", "it came back");
  });

  test("is deaf in one direction: what is said arrives, the answer never does, and nobody is told", async () => {
    const { link, dial, heard } = await echo();
    const { client, back } = await dial();
    client.write("a");
    await until(() => back() === "a", "it works");
    link.set({ dead: ["down"] });
    client.write("b");
    await until(() => heard() === "ab", "it was heard");
    link.set(WELL);
    client.write("c");
    await until(() => heard() === "abc", "it was heard too");
    expect([back(), client.destroyed]).toEqual(["a", false]);
  });

  test("cuts, and refuses", async () => {
    const { link, dial } = await echo();
    const first = await dial();
    first.client.write("a");
    await until(() => first.back() === "a", "it works");
    link.cut();
    await first.closed;
    link.set({ refuse: true });
    const second = await dial();
    await second.closed;
    expect(second.back()).toBe("");
  });

  test("garbles one bit and counts it", async () => {
    const { link, dial } = await echo();
    const { client, back } = await dial();
    link.set({ garble: 1 });
    client.write("aaaaaaaa");
    await until(() => back().length === 8, "it came back");
    expect(back()).not.toBe("aaaaaaaa");
    expect(link.garbled).toBe(2);
  });
});

describe("the table", () => {
  const trial = (run: Trial["run"], lacks: Trial["lacks"] = () => undefined): Trial => ({ name: "test", lacks, run });
  const settings = { seed: 3, quick: false, share: 0.5, progress: () => undefined };

  test("fails a trial that broke or counted wrong, and names the one that could not run", async () => {
    const rows = [
      await runTrial(
        trial(async () => ({ did: "a|b", counts: { lost: 0 }, wrong: [] })),
        settings,
      ),
      await runTrial(
        trial(async () => ({ did: "it", counts: { lost: 1 }, wrong: mustBe({ lost: 0 }, { lost: 1 }) })),
        settings,
      ),
      await runTrial(
        trial(() => Promise.reject(new Error("it broke"))),
        settings,
      ),
      await runTrial(
        trial(
          () => Promise.reject(new Error("never")),
          () => "no socat",
        ),
        settings,
      ),
    ];
    expect(rows.map(isWrong)).toEqual([false, true, true, false]);
    const text = table(rows, 3);
    expect(text).toContain("a\\|b");
    expect(text).toContain("**FAILED**: lost is 1, not 0");
    expect(text).toContain("**FAILED**: it broke");
    expect(text).toContain("skipped: no socat");
  });

  test("takes the share of the full count, and at least one", async () => {
    const counted: number[] = [];
    await runTrial(
      trial(async ({ count }) => {
        counted.push(count(100, 5), count(1, 1));
        return { did: "", counts: {}, wrong: [] };
      }),
      settings,
    );
    expect(counted).toEqual([50, 1]);
  });
});

test("near-misses are of every kind, and the same for the same seed", () => {
  const text = Buffer.from("$TPBTN,B,s1,1,1,0*00\r\n", "latin1");
  const make = () => {
    const random = seededRandom(9);
    return Array.from({ length: 300 }, () => mutant(random, text).toString("latin1"));
  };
  const made = make();
  expect(made).toEqual(make());
  expect(new Set(made).size).toBeGreaterThan(200);
  expect(made.some((one) => one.length > text.length)).toBe(true);
  expect(made.some((one) => one.length < text.length)).toBe(true);
  expect(noise(seededRandom(9), 64)).toEqual(noise(seededRandom(9), 64));
});
