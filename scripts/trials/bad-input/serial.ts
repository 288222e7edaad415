// Bad input on serial lines: sentences that are none, and ports that are away or taken.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { checksum } from "../../../src/buttons/pad-protocol.ts";
import { type Cable, createCable } from "../../../test/fakes/pty.ts";
import { until } from "../../../test/fakes/until.ts";
import { type Row, tryAll } from "./row.ts";
import { type Till, withFolder, withTill } from "./till.ts";

/** Serial lines: what is not a sentence is counted and dropped; what is one counts once. */
export async function serialRows(): Promise<Row[]> {
  const cable = await createCable();
  try {
    const pads = [
      { id: "bad", driver: "serial" as const, port: cable.agentEnd, pads: { B: "bad", C: "other" } },
      { id: "absent", driver: "serial" as const, port: "/dev/serial/by-id/nobody" },
    ];
    const serving = ["good", "bad", "other", "absent"];
    const sentences = await withTill({ local: { pads }, serving }, (till) => withLine(cable, till, sentenceRows));
    return [...sentences, ...(await portRows())];
  } finally {
    await cable.remove();
  }
}

interface Line {
  /** Bytes onto the wire, as they are. */
  raw(bytes: string | Uint8Array): void;
  /** A sentence with its right checksum. */
  say(body: string): void;
  /** Acknowledgements heard so far. */
  acknowledged(): number;
}

async function withLine(cable: Cable, till: Till, rows: typeof sentenceRows): Promise<Row[]> {
  await till.works("pad:bad");
  let port = await openEnd(cable.padEnd);
  let heard = "";
  const listen = (): void =>
    void port.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1");
    });
  listen();
  const raw = (bytes: string | Uint8Array): void => {
    port.write(typeof bytes === "string" ? bytes : Buffer.from(bytes), "latin1");
  };
  const line: Line = {
    raw,
    say: (body) => raw(`$${body}*${checksum(body)}\r\n`),
    acknowledged: () => heard.split("$TPACK").length - 1,
  };
  const replug = async (): Promise<void> => {
    const after = till.agent.lines.length;
    await cable.pull();
    await till.agent.heard(({ stage, state }) => stage === "pad:bad" && state === "degraded", "the pad is gone", after);
    if (port.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
    await cable.plug();
    await till.works("pad:bad", after);
    port = await openEnd(cable.padEnd);
    listen();
  };
  try {
    return await rows(till, line, replug);
  } finally {
    if (port.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
  }
}

/** The far end of a line, opened at any speed. */
export async function openEnd(path: string): Promise<SerialPort> {
  const port = new SerialPort({ path, baudRate: 115_200, autoOpen: false });
  port.on("error", () => undefined);
  await new Promise<void>((resolve, reject) => port.open((error) => (error === null ? resolve() : reject(error))));
  return port;
}

function sentenceRows(till: Till, line: Line, replug: () => Promise<void>): Promise<Row[]> {
  const dropped = (body: string) => async (): Promise<string> =>
    `${await till.dropping(() => line.say(body))}, dropped; ${await till.buttonsGoOn()}`;
  const droppedRaw = (bytes: string | Uint8Array) => async (): Promise<string> =>
    `${await till.dropping(() => line.raw(bytes))}, dropped; ${await till.buttonsGoOn()}`;
  const invalid = "SENTENCE_INVALID, dropped; buttons go on";
  /** Press events of pads on the bad line that `act` brought, once `acks` acknowledgements were heard. */
  const pressing = async (acks: number, act: () => void): Promise<string> => {
    const count = (): number => till.events("press").filter(({ data }) => data.pad !== "good").length;
    const before = count();
    const heardBefore = line.acknowledged();
    act();
    await until(() => line.acknowledged() - heardBefore >= acks, `${acks} acknowledgements`);
    return `${count() - before} presses, ${line.acknowledged() - heardBefore} acknowledgements`;
  };
  return tryAll("serial", [
    { tried: "a bad checksum", expected: invalid, run: droppedRaw("$TPBTN,B,s1,1,1,0*00\r\n") },
    { tried: "no checksum", expected: invalid, run: droppedRaw("$TPBTN,B,s1,1,1,0\r\n") },
    { tried: "an unknown sentence", expected: invalid, run: dropped("GPGGA,1,2,3") },
    { tried: "a field too few", expected: invalid, run: dropped("TPBTN,B,s1,1,1") },
    { tried: "counter 70000", expected: invalid, run: dropped("TPBTN,B,s1,70000,1,0") },
    { tried: "a negative age", expected: invalid, run: dropped("TPBTN,B,s1,1,1,-5") },
    { tried: "battery at 255 percent", expected: invalid, run: dropped("TPHLO,1,B,s1,1.0,255") },
    { tried: "a sentence that only the agent may send", expected: invalid, run: dropped("TPACK,B,s1,1") },
    { tried: "an unknown pad", expected: "PAD_UNKNOWN, dropped; buttons go on", run: dropped("TPBTN,X,s1,1,1,0") },
    {
      tried: "an unknown button",
      expected: "BUTTON_UNKNOWN, dropped; buttons go on",
      run: dropped("TPBTN,B,s1,1,99,0"),
    },
    {
      tried: 'a button called "constructor"',
      expected: "BUTTON_UNKNOWN, dropped; buttons go on",
      run: dropped("TPBTN,B,s1,1,constructor,0"),
    },
    { tried: "83 bytes with the right checksum", expected: invalid, run: dropped(`TPBTN,B,s1,1,1,${"0".repeat(61)}`) },
    {
      tried: "a megabyte of random bytes, then a press",
      expected: "SENTENCE_INVALID, dropped; 1 presses, 1 acknowledgements; buttons go on",
      run: async () => {
        const code = await till.dropping(() => line.raw(randomBytes(1_048_576)));
        const pressed = await pressing(1, () => line.raw(`\r\n$TPBTN,B,n1,1,1,0*${checksum("TPBTN,B,n1,1,1,0")}\r\n`));
        return `${code}, dropped; ${pressed}; ${await till.buttonsGoOn()}`;
      },
    },
    {
      tried: "half a sentence, the cable pulled and plugged in again, then a whole press",
      expected: "SERIAL_LOST, tried again; 1 presses, 1 acknowledgements; buttons go on",
      run: async () => {
        const after = till.agent.lines.length;
        line.raw("$TPBTN,B,h1,1,");
        await replug();
        const code = await till.degraded("pad:bad", after);
        const pressed = await pressing(1, () => line.say("TPBTN,B,h1,1,1,0"));
        return `${code}, tried again; ${pressed}; ${await till.buttonsGoOn()}`;
      },
    },
    {
      tried: "two pads with the same session and counter",
      expected: "2 presses, 2 acknowledgements",
      run: () =>
        pressing(2, () => {
          line.say("TPBTN,B,same,5,1,0");
          line.say("TPBTN,C,same,5,1,0");
        }),
    },
    {
      tried: "the same press three times",
      expected: "1 presses, 3 acknowledgements",
      run: () =>
        pressing(3, () => {
          for (let i = 0; i < 3; i += 1) line.say("TPBTN,B,thrice,1,1,0");
        }),
    },
    {
      tried: "the counter wraps: 65534, 65535, 0, 1",
      expected: "4 presses, 4 acknowledgements; no gap",
      run: async () => {
        const gaps = till.events("gap").length;
        const pressed = await pressing(4, () => {
          for (const counter of [65_534, 65_535, 0, 1]) line.say(`TPBTN,B,wrap,${counter},1,0`);
        });
        return `${pressed}; ${till.events("gap").length === gaps ? "no gap" : "a gap"}`;
      },
    },
    {
      tried: "the counter jumps from 1 to 7, and 16 presses follow",
      expected: "18 presses, 18 acknowledgements; a gap owns 2 to 6",
      run: async () => {
        const counters = [1, ...Array.from({ length: 17 }, (_, i) => i + 7)];
        const pressed = await pressing(18, () => {
          for (const counter of counters) line.say(`TPBTN,B,jump,${counter},1,0`);
        });
        const gap = till.events("gap").find(({ data }) => data.session === "jump");
        return `${pressed}; ${gap === undefined ? "no gap" : `a gap owns ${gap.data.from} to ${gap.data.to}`}`;
      },
    },
    {
      tried: "a port that is not there",
      expected: "SERIAL_OPEN, tried again; buttons go on",
      run: async () => `${await till.degraded("pad:absent")}, tried again; ${await till.buttonsGoOn()}`,
    },
  ]);
}

/** Ports that cannot be opened, each beside a good pad. */
function portRows(): Promise<Row[]> {
  const portCase = async (port: string): Promise<string> =>
    await withTill({ local: { pads: [{ id: "bad", driver: "serial", port }] } }, async (till) => {
      return `${await till.degraded("pad:bad")}, tried again; ${await till.buttonsGoOn()}`;
    });
  const expected = "SERIAL_OPEN, tried again; buttons go on";
  return tryAll("serial", [
    {
      tried: "a port that is a directory",
      expected,
      run: () =>
        withFolder(async (folder) => {
          mkdirSync(join(folder, "port"));
          return await portCase(join(folder, "port"));
        }),
    },
    {
      tried: "a port that is a file",
      expected,
      run: () =>
        withFolder(async (folder) => {
          execFileSync("touch", [join(folder, "port")]);
          return await portCase(join(folder, "port"));
        }),
    },
    { tried: "a port that another program holds, and then lets go", expected: `${expected}; then it works`, run: held },
  ]);
}

async function held(): Promise<string> {
  const cable = await createCable();
  const holder = await openEnd(cable.agentEnd);
  try {
    const pads = [{ id: "bad", driver: "serial" as const, port: cable.agentEnd }];
    return await withTill({ local: { pads } }, async (till) => {
      const code = await till.degraded("pad:bad");
      const goesOn = await till.buttonsGoOn();
      await new Promise<void>((resolve) => holder.close(() => resolve()));
      await till.works("pad:bad");
      return `${code}, tried again; ${goesOn}; then it works`;
    });
  } finally {
    if (holder.isOpen) await new Promise<void>((resolve) => holder.close(() => resolve()));
    await cable.remove();
  }
}
