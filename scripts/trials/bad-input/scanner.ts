// Bad input at a scanner: codes that are none, and a scanner that is unplugged in the middle of one.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SerialPort } from "serialport";
import { createCable } from "../../../test/fakes/pty.ts";
import { until } from "../../../test/fakes/until.ts";
import { type Row, tryAll } from "./row.ts";
import { openEnd } from "./serial.ts";
import { withFolder, withTill } from "./till.ts";

const CARD = "9912345678";

/** A scanner on a serial line: what is no code is counted and dropped; what is one is an event, without the code. */
export async function scannerRows(): Promise<Row[]> {
  return await withFolder(async (folder) => {
    const keyFile = join(folder, "customers.key");
    writeFileSync(keyFile, `${"k".repeat(48)}\n`, { mode: 0o600 });
    const cable = await createCable();
    let port: SerialPort | undefined;
    const close = (): Promise<void> =>
      new Promise((resolve) => (port?.isOpen === true ? port.close(() => resolve()) : resolve()));
    try {
      const scanner = {
        id: "scanner",
        driver: "serial" as const,
        port: cable.agentEnd,
        pattern: { line: "^(?<scan>[!-~]{1,256})$" },
      };
      const settings = {
        local: { pads: [scanner], customers: { key: "k1", keyFile } },
        serving: ["good"],
        readers: ["scanner"],
        context: { scans: [{ kind: "customer" as const, pattern: "99\\d{8}" }] },
      };
      return await withTill(settings, async (till) => {
        await till.works("pad:scanner");
        port = await openEnd(cable.padEnd);
        const write = (bytes: string | Uint8Array): void =>
          void port?.write(typeof bytes === "string" ? bytes : Buffer.from(bytes), "latin1");
        const dropped = (bytes: string | Uint8Array) => async (): Promise<string> =>
          `${await till.dropping(() => write(bytes))}, dropped; ${await till.buttonsGoOn()}`;
        /** What the codes became, by kind. */
        const scanning = (count: number, bytes: string) => async (): Promise<string> => {
          const before = till.events("scan").length;
          write(bytes);
          await until(() => till.events("scan").length >= before + count, `${count} scans are on disk`);
          const scans = till.events("scan").slice(before);
          const kinds = [...new Set(scans.map(({ data }) => data.kind))].join(", ");
          const said = scans.some((scan) => JSON.stringify(scan).includes(CARD))
            ? "the code is said"
            : "no code is said";
          return `${scans.length} scans (${kinds}), ${said}; ${await till.buttonsGoOn()}`;
        };
        const invalid = "SENTENCE_INVALID, dropped; buttons go on";
        return await tryAll("scanner", [
          {
            tried: "a card",
            expected: "1 scans (customer), no code is said; buttons go on",
            run: scanning(1, `${CARD}\r\n`),
          },
          {
            tried: "the same card twice",
            expected: "2 scans (customer), no code is said; buttons go on",
            run: scanning(2, `${CARD}\r\n${CARD}\r\n`),
          },
          {
            tried: "a code that is nobody's",
            expected: "1 scans (unknown), no code is said; buttons go on",
            run: scanning(1, "constructor\r\n"),
          },
          { tried: "a code with a blank", expected: invalid, run: dropped("99 12345678\r\n") },
          { tried: "300 characters", expected: invalid, run: dropped(`${"9".repeat(300)}\r\n`) },
          { tried: "a code of zero bytes", expected: invalid, run: dropped(`${"\0".repeat(10)}\r\n`) },
          {
            tried: "a megabyte of bytes that are no text",
            expected: invalid,
            run: async () => {
              const said = await dropped(randomBytes(1_048_576).map((byte) => byte | 0x80))();
              write("\r\n");
              return said;
            },
          },
          {
            tried: "300 codes in one go",
            expected: "300 scans (unknown), no code is said; buttons go on",
            run: scanning(300, Array.from({ length: 300 }, (_, n) => `A-${n}\r\n`).join("")),
          },
          {
            tried: "unplugged in the middle of a card, plugged in again, the rest of it",
            expected: "0 scans of the halves; 1 scans (customer), no code is said; buttons go on",
            run: async () => {
              const before = till.events("scan").length;
              write(CARD.slice(0, 5));
              const after = till.agent.lines.length;
              await cable.pull();
              await till.degraded("pad:scanner", after);
              await close();
              await cable.plug();
              await till.works("pad:scanner", after);
              port = await openEnd(cable.padEnd);
              // The rest of the half is no card either: a code of nobody at the most.
              const rest = await scanning(1, `\r\n${CARD}\r\n`)();
              return `${till.events("scan").length - before - 1} scans of the halves; ${rest}`;
            },
          },
        ]);
      });
    } finally {
      await close();
      await cable.remove();
    }
  });
}
