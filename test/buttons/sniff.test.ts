import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { checksum } from "../../src/buttons/pad-protocol.ts";
import { createSniffer, type Sniffed } from "../../src/buttons/sniff.ts";
import { packageRoot } from "../../src/place.ts";
import { createFakePad } from "../fakes/pad.ts";
import { touchpoint } from "../fakes/program.ts";
import { CABLES, createCable } from "../fakes/pty.ts";
import { until } from "../fakes/until.ts";

const framed = (body: string): string => `$${body}*${checksum(body)}`;
const sniffed = (...chunks: readonly string[]): Sniffed[] => {
  const sniffer = createSniffer();
  return chunks.flatMap((chunk) => sniffer.push(Buffer.from(chunk, "latin1")));
};

describe("a line that was sniffed", () => {
  it.each([
    [framed("TPHLO,1,P1,s1,1.0,87"), { kind: "hello", pad: "P1", firmware: "1.0", batteryPercent: 87 }],
    [framed("TPBTN,P1,s1,7,4,120"), { kind: "button", button: "4", counter: 7, ageMs: 120 }],
    [framed("TPLED,P1,thanks"), { kind: "indicate", pattern: "thanks" }],
  ])("%s says what it is", (line, says) => {
    expect(sniffed(`${line}\r\n`)).toEqual([{ what: "sentence", line, says: expect.objectContaining(says) }]);
  });

  it.each([
    ["$TPBTN,P1,s1,7,4,120*00", "bad checksum"],
    [framed("TPBTN,P1,s1,7,4"), "wrong number of fields"],
    [framed("GPGGA,1"), "unknown sentence"],
    ["hello", "no sentence"],
  ])("%s says why it is none", (line, why) => {
    expect(sniffed(`${line}\n`)).toEqual([{ what: "unknown", line, why }]);
  });

  it("cannot make a terminal do anything, and cannot fill memory", () => {
    expect(sniffed("\x1b[2J\x07\xff\n")).toEqual([{ what: "unknown", line: "\\x1b[2J\\x07\\xff", why: "no sentence" }]);
    expect(sniffed("x".repeat(100_000), "\n")).toEqual([{ what: "too-long", lines: 1 }]);
  });

  it("is the same however the bytes came in pieces", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary-ascii", maxLength: 40 })), fc.nat(), (lines, seed) => {
        const whole = `${lines.join("\r\n")}\r\n`;
        const cut = seed % (whole.length + 1);
        expect(sniffed(whole.slice(0, cut), whole.slice(cut))).toEqual(sniffed(whole));
      }),
    );
  });

  it("is read by the pattern of another maker's pad where one is configured", () => {
    const sniffer = createSniffer({ line: "^B(?<button>\\d)|^C(?<scan>\\w+)", buttons: { "1": "good" } });
    expect(sniffer.push(Buffer.from("B1\nC77\nxx\n"))).toEqual([
      { what: "sentence", line: "B1", says: { kind: "press", button: "good" } },
      { what: "sentence", line: "C77", says: { kind: "scan", code: "77" } },
      { what: "unknown", line: "xx", why: "the line does not match the pattern" },
    ]);
  });
});

describe.skipIf(!CABLES)("touchpoint serial sniff on a real pseudo-terminal", () => {
  const open: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  it("shows what a pad sends, answers nothing, and gives the port back", async () => {
    const cable = await createCable();
    open.push(cable.remove);
    const child = spawn(join(packageRoot(), "bin", "touchpoint"), ["serial", "sniff", cable.agentEnd, "--json"]);
    open.push(async () => child.kill("SIGKILL"));
    const printed = text(child.stdout);
    let shown = "";
    child.stdout.on("data", (chunk: Buffer) => {
      shown += chunk.toString();
    });
    await until(() => shown.includes('"open"'), "the port is open");
    const pad = await createFakePad(cable.padEnd, "till", "s1");
    open.push(pad.unplug);
    pad.press("4");
    pad.raw("noise\r\n");
    await until(() => shown.includes("noise") && shown.includes('"button":"4"'), "lines are shown");
    expect(pad.unacknowledged()).toBe(1);
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([0, null]);
    const says = (await printed)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { what: string });
    expect(says.map(({ what }) => what)).toEqual(expect.arrayContaining(["open", "sentence", "unknown"]));
  });

  it("names what is wrong: no such port, no such pad, nothing named", () => {
    expect(touchpoint("serial", "sniff", "/dev/none-such")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("SERIAL_OPEN"),
    });
    expect(touchpoint("serial", "sniff", "/dev/null", "--pad", "p9").status).toBe(2);
    expect(touchpoint("serial", "sniff").status).toBe(2);
    expect(touchpoint("serial", "sniff", "/dev/null", "--baud", "fast").status).toBe(2);
  });

  it("lists ports as JSON", () => {
    const { status, stdout } = touchpoint("serial", "list", "--json");
    expect({ status, ports: Array.isArray((JSON.parse(stdout) as { ports: unknown }).ports) }).toEqual({
      status: 0,
      ports: true,
    });
  });
});
