// The proof of a journal beside an agent that goes on: what is deleted while it reads is told from what is missing.
import { expect, it } from "vitest";
import { openReader } from "../../src/journal/read.ts";
import { Database } from "../../src/journal/sqlite.ts";
import { type Verdict, verifyJournal } from "../../src/journal/verify.ts";
import { stamped } from "../fakes/events.ts";
import { freshFile, open } from "./rig.ts";

/** Verifies a journal of 20 rows in which `statements` are carried out once its head was read. */
async function verifiedWhile(...statements: readonly string[]): Promise<Verdict> {
  const file = freshFile();
  const { journal } = await open(file);
  await journal.commit({ events: Array.from({ length: 20 }, (_, n) => stamped("press", n)), keep: {} });
  await journal.close();
  const reader = openReader(file);
  const agent = new Database(file);
  try {
    return verifyJournal({
      integrity: () => reader.integrity(),
      changed: () => reader.changed(),
      head() {
        const head = reader.head();
        agent.transaction(() => {
          for (const statement of statements) agent.exec(statement);
        })();
        return head;
      },
      events: () => reader.events(),
      pruned: () => reader.pruned(),
      orphans: () => reader.orphans(),
    });
  } finally {
    agent.close();
    reader.close();
  }
}

const deleted = (first: number, last: number): string[] => [
  `DELETE FROM outbox WHERE seq BETWEEN ${first} AND ${last}`,
  `DELETE FROM events WHERE seq BETWEEN ${first} AND ${last}`,
];
const noted = (first: number, last: number): string => `INSERT INTO pruned (first, last) VALUES (${first}, ${last})`;

it("rows that the agent drops meanwhile are no finding, the newest neither", async () => {
  const verdict = await verifiedWhile(...deleted(3, 5), noted(3, 5), ...deleted(18, 20), noted(18, 20));
  expect(verdict).toMatchObject({ ok: true, findings: [], head: 20, events: 14, pruned: 6 });
});

it("rows that went without a note are missing, the newest too", async () => {
  const { findings } = await verifiedWhile(...deleted(3, 5), ...deleted(18, 20), noted(20, 20));
  expect(findings).toEqual(["seq 3 to 5 is missing and no gap owns it", "seq 18 to 19 is missing and no gap owns it"]);
});
