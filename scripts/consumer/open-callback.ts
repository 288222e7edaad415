// `node dist/scripts/consumer/open-callback.js PRIVATE.pem < EVENTS.ndjson`: the reference opener of call-back contacts.
import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { EXIT } from "../../src/cli/outcome.ts";
import { openContact } from "../../src/doors/sealed-contact.ts";
import { Envelope, EVENT_DATA } from "../../src/words/events.ts";

/** One line for each call-back among the events; exit status 1 where one does not open. */
async function openAll(privateKey: KeyObject): Promise<number> {
  let status: number = EXIT.good;
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === "") continue;
    try {
      const opened = openLine(privateKey, line);
      if (opened !== undefined) process.stdout.write(`${JSON.stringify(opened)}\n`);
    } catch (thrown) {
      status = EXIT.failed;
      process.stderr.write(`not opened: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    }
  }
  return status;
}

function openLine(privateKey: KeyObject, line: string): object | undefined {
  const { id, type, time, device, touchpoint, data } = Envelope.parse(JSON.parse(line));
  if (type !== "callback") return undefined;
  const { key, sealed, ...about } = EVENT_DATA.callback.parse(data);
  const contact = openContact(privateKey, { key, device, touchpoint: touchpoint ?? "" }, sealed);
  return { id, time, device, touchpoint, ...about, ...contact };
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write("usage: open-callback PRIVATE.pem < EVENTS.ndjson\n");
  process.exitCode = EXIT.usage;
} else {
  try {
    process.exitCode = await openAll(createPrivateKey(readFileSync(file)));
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exitCode = EXIT.usage;
  }
}
