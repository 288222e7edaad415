// Bad data folders and journals: damaged files are set aside, a taken or impossible folder is said, never a crash loop.
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Database } from "../../../src/journal/sqlite.ts";
import { valueSum } from "../../../src/journal/sums.ts";
import { PROGRAM, STARTED, startAgent } from "../agent-process.ts";
import { journalFile, writeTrialConfig } from "../settings.ts";
import { type Case, type Row, tryAll } from "./row.ts";
import { withFolder, withTill } from "./till.ts";

export async function journalRows(): Promise<Row[]> {
  return await tryAll("journal", [
    setAside("a text file", "JOURNAL_DAMAGED", (file) => writeFileSync(file, "no journal\n".repeat(1_000))),
    setAside("random bytes", "JOURNAL_DAMAGED", (file) => writeFileSync(file, randomBytes(65_536))),
    setAside("another program's database", "JOURNAL_DAMAGED", (file) => {
      const db = new Database(file);
      db.exec("CREATE TABLE customers (name TEXT)");
      db.close();
    }),
    setAside(
      "a real journal cut in half",
      "JOURNAL_DAMAGED",
      (file) => {
        truncateSync(file, readFileSync(file).length / 2);
      },
      true,
    ),
    setAside(
      "a real journal of another machine",
      "JOURNAL_MOVED",
      (file) => {
        const db = new Database(file);
        db.prepare("UPDATE meta SET value = ?, sum = ? WHERE key = 'machine'").run(
          "another",
          valueSum("machine", "another"),
        );
        db.close();
      },
      true,
    ),
    {
      tried: "an empty file",
      expected: "taken as new; buttons go on",
      run: () =>
        withTill({ before: (folder) => spoil(folder, (file) => writeFileSync(file, "")) }, async (till) => {
          return `taken as new; ${await till.buttonsGoOn()}`;
        }),
    },
    {
      tried: "a journal of a later version",
      expected: "JOURNAL_NEWER; exit 78",
      run: () =>
        withFolder(async (folder) => {
          await realJournal(folder);
          spoil(folder, (file) => {
            const db = new Database(file);
            // As a later version leaves it: the number in the header, and the same told in the tables with its checksum.
            db.pragma("user_version = 99");
            db.prepare("UPDATE meta SET value = '99', sum = ? WHERE key = 'version'").run(valueSum("version", "99"));
            db.close();
          });
          return await refused(folder);
        }),
    },
    {
      tried: "a data folder that is a file",
      expected: "JOURNAL_OPEN; exit 1",
      run: () =>
        withFolder(async (folder) => {
          writeFileSync(join(folder, "data"), "no folder");
          return await refused(folder);
        }),
    },
    {
      tried: "a data folder where nobody can write",
      expected: "JOURNAL_OPEN; exit 1",
      run: () => withFolder((folder) => refused(folder, "/proc/self/data")),
    },
    {
      tried: "a second agent on the same folder",
      expected: "JOURNAL_LOCKED; exit 1; the first goes on: buttons go on",
      run: () =>
        withTill({}, async (till) => {
          const second = await refused(till.folder);
          return `${second}; the first goes on: ${await till.buttonsGoOn()}`;
        }),
    },
  ]);
}

/** A file in the journal's place that cannot be trusted: it is kept under another name, and a new stream begins. */
function setAside(tried: string, code: string, act: (file: string) => void, real = false): Case {
  return {
    tried,
    expected: `${code}, set aside; buttons go on; 1 press in the new journal`,
    run: () =>
      withFolder(async (outer) => {
        if (real) await realJournal(outer);
        spoil(outer, act);
        return await withTill({ local: { dataDir: join(outer, "data") } }, async (till) => {
          const line = await till.agent.heard(
            (one) => one.stage === "journal" && one.code !== undefined,
            "it was said",
          );
          const goesOn = await till.buttonsGoOn();
          const kept = readdirSync(join(outer, "data")).some((name) => /^journal\.db\.[a-z]+-[0-9TZ]+$/.test(name));
          const reader = new Database(journalFile(outer), { readonly: true });
          const presses = reader.prepare("SELECT count(*) FROM events WHERE type = 'press'").pluck().get();
          reader.close();
          return `${line.code}, ${kept ? "set aside" : "not kept"}; ${goesOn}; ${presses} press in the new journal`;
        });
      }),
  };
}

/** A journal that an agent made and closed. */
async function realJournal(folder: string): Promise<void> {
  const agent = startAgent(writeTrialConfig({ folder }));
  await agent.heard(({ msg }) => msg === STARTED, "it started");
  const { code } = await agent.end("SIGTERM");
  if (code !== 0) throw new Error(`${PROGRAM} ended with ${code}`);
}

function spoil(folder: string, act: (file: string) => void): void {
  const file = journalFile(folder);
  mkdirSync(join(folder, "data"), { recursive: true });
  act(file);
}

/** The agent ends by itself: with which fault and exit status. */
async function refused(folder: string, dataDir = join(folder, "data")): Promise<string> {
  const agent = startAgent(writeTrialConfig({ folder, local: { dataDir } }));
  const started = agent.heard(({ msg }) => msg === STARTED, "it started").then(() => agent.end("SIGKILL"));
  const { code } = await Promise.race([agent.ended, started.catch(() => agent.end("SIGKILL"))]);
  const said = agent.lines.find(({ fault }) => fault !== undefined)?.fault?.code ?? "without a word";
  return `${said}; exit ${code}`;
}
