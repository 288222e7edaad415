// Garbage and near-misses on a serial line, honest sentences between them: every honest press counts once, nothing else matters.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { SerialPort } from "serialport";
import { encodeButton, encodeHello } from "../../src/buttons/pad-protocol.ts";
import { openReader } from "../../src/journal/read.ts";
import { seededRandom } from "../../src/simulate/random.ts";
import { createFakePad } from "../../test/fakes/pad.ts";
import { createCable } from "../../test/fakes/pty.ts";
import { until } from "../../test/fakes/until.ts";
import { STARTED, startAgent } from "../trials/agent-process.ts";
import { journalFile, writeTrialConfig } from "../trials/settings.ts";
import { watchMemory } from "./memory.ts";
import { mutant, noise, pick } from "./mutants.ts";
import { withEnding } from "./till.ts";
import { mustBe, type Outcome, type TrialContext } from "./trial.ts";

const MEBIBYTE = 1_048_576;
/** Growth that is no leak: heaps breathe. */
const MAY_GROW_MIB = 48;
/** What is written at once. */
const CHUNK_BYTES = 65_536;
/** A button that no mutation of the other sentences names. */
const HONEST = "honest";
const SPOILED = "mut";
const WITHIN_MS = 120_000;

/** Writes as fast as the agent reads; a near-miss is some 40 bytes long. */
export async function fuzzSerial({ folder, seed, count, progress }: TrialContext): Promise<Outcome> {
  return await withEnding(async (ending) => {
    const random = seededRandom(seed);
    const bad = await createCable();
    ending.push(bad.remove);
    const good = await createCable();
    ending.push(good.remove);
    const config = writeTrialConfig({
      folder,
      buttons: ["1", "2", HONEST],
      local: {
        pads: [
          { id: "bad", driver: "serial", port: bad.agentEnd },
          { id: "good", driver: "serial", port: good.agentEnd },
        ],
      },
    });
    const agent = startAgent(config);
    ending.push(() => agent.end("SIGKILL"));
    await agent.heard(({ msg }) => msg === STARTED, "it started", 0, WITHIN_MS);
    const pad = await createFakePad(good.padEnd, "GOOD", "good");
    ending.push(pad.unplug);
    const port = new SerialPort({ path: bad.padEnd, baudRate: 115_200, autoOpen: false });
    await new Promise<void>((resolve, reject) => port.open((error) => (error === null ? resolve() : reject(error))));
    ending.push(() => new Promise<void>((resolve) => port.close(() => resolve())));
    // Answers of the agent would otherwise fill the line.
    port.resume();
    // Written by calls that block: waiting for room by events, a pseudo-terminal now and then forgets to tell.
    const line = await open(bad.padEnd, constants.O_WRONLY | constants.O_NOCTTY);
    ending.push(() => line.close());

    const bytes = Math.round((count(50 * 16, 8) / 16) * MEBIBYTE);
    const memory = watchMemory(agent.pid, 4);
    let written = 0;
    let honest = 0;
    let nearMisses = 0;
    let looked = 0;
    while (written < bytes) {
      const parts: Buffer[] = [];
      for (let size = 0; size < CHUNK_BYTES; ) {
        const roll = random();
        const part = roll < 0.05 ? noise(random, Math.floor(random() * 2_000)) : mutant(random, sentence(random));
        if (roll >= 0.05) nearMisses += 1;
        parts.push(part);
        size += part.length;
      }
      // After a line end whatever was before it no longer counts.
      const press = encodeButton({ port: "", pad: "H", session: "s1", counter: honest % 65_536 }, HONEST, 0);
      honest += 1;
      const chunk = Buffer.concat([...parts, Buffer.from(`\r\n${press}`, "latin1")]);
      await line.writeFile(chunk);
      written += chunk.length;
      if (written - looked >= bytes / 12) {
        looked = written;
        memory.look();
        pad.press("1");
        progress(`${(written / MEBIBYTE).toFixed(1)} MiB, ${memory.mostMib} MiB resident`);
        if (!agent.running()) throw new Error(`the agent ended:\n${agent.printed().slice(-4_000)}`);
      }
    }
    const counted = (): number => honestPresses(folder);
    await until(() => counted() >= honest, "every honest press was recorded", WITHIN_MS).catch(() => undefined);
    await until(() => pad.unacknowledged() === 0, "the good pad was answered", WITHIN_MS);
    memory.look();
    const { code } = await agent.end("SIGTERM");
    const counts = {
      MiB: (written / MEBIBYTE).toFixed(1),
      "near-misses": nearMisses,
      "honest presses": honest,
      recorded: counted(),
      "presses of the good pad": pad.acknowledged.size,
      "exit status": code ?? -1,
      "most resident MiB": memory.mostMib,
      "grown MiB": memory.grownMib(),
    };
    const wrong = mustBe({ recorded: honest, "exit status": 0 }, counts);
    if (memory.grownMib() > MAY_GROW_MIB) wrong.push(`memory grew by more than ${MAY_GROW_MIB} MiB`);
    return { did: "garbage and near-misses through a pseudo-terminal, an honest press in each 64 KiB", counts, wrong };
  });
}

/** A valid sentence, of every kind there is. */
function sentence(random: () => number): Buffer {
  const counter = Math.floor(random() * 65_536);
  const ref = { port: "", pad: "B", session: SPOILED, counter };
  const text = pick<() => string>(random, [
    () => encodeButton(ref, pick(random, ["1", "2", "9", "x"]), Math.floor(random() * 100_000)),
    () => encodeHello("B", SPOILED, "1.0", Math.floor(random() * 101)),
    () => `$TPACK,B,${SPOILED},${counter}*00\r\n`,
    () => `$GPRMC,,V,,,,,,,,,,N*53\r\n`,
  ])();
  return Buffer.from(text, "latin1");
}

/** Presses with the button that only honest sentences name. */
function honestPresses(folder: string): number {
  const reader = openReader(journalFile(folder));
  try {
    let presses = 0;
    for (const { json } of reader.events({ types: ["press"] })) if (json.includes(`"button":"${HONEST}"`)) presses += 1;
    return presses;
  } finally {
    reader.close();
  }
}
