// Entry of the rollups' thread: reads the journal beside the thread that writes it, so that counting holds up nothing.
import { rmSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { openReader } from "../journal/read.ts";
import type { Database } from "../journal/sqlite.ts";
import { asFault } from "../words/errors.ts";
import { type RollupsData, type RollupsMessage, STOP } from "./messages.ts";
import { propose } from "./publish.ts";
import { openTables } from "./tables.ts";
import { View } from "./view.ts";

/** Rest after a pass, as so many times what it took: on a slow machine with a long day counting takes a tenth of a processor. */
const REST = 9;

if (parentPort !== null) {
  const port = parentPort;
  const data = workerData as RollupsData;
  const pending = new Map<string, string>();
  let open: { readonly db: Database; readonly view: View } | undefined;

  const pass = (): void => {
    const say = (message: RollupsMessage): void => port.postMessage(message);
    try {
      open ??= openView(data);
      const { db, view } = open;
      const reader = openReader(data.journal);
      try {
        view.catchUp(reader);
      } finally {
        reader.close();
      }
      say({ kind: "told", proposals: propose(db, view, data.settings, Date.now(), pending) });
    } catch (thrown) {
      open?.db.close();
      open = undefined;
      // What is told must be proposed anew: nobody knows what of it was heard.
      pending.clear();
      if (isDamaged(thrown)) rmSync(data.view, { force: true });
      const { code, message } = asFault(thrown, "ROLLUPS");
      say({ kind: "fault", code, message });
    }
  };
  let passing: NodeJS.Timeout;
  const passAfter = (ms: number): void => {
    passing = setTimeout(() => {
      const beganMs = performance.now();
      pass();
      passAfter(Math.max(data.everyMs, REST * (performance.now() - beganMs)));
    }, ms);
  };
  passAfter(data.everyMs);
  port.on("message", (word: unknown) => {
    if (word !== STOP) return;
    clearTimeout(passing);
    open?.db.close();
    port.close();
  });
}

function openView({ view, timezone }: RollupsData): { db: Database; view: View } {
  const db = openTables(view, timezone);
  return { db, view: new View(db, timezone) };
}

/** The view is thrown away and made again from the journal. */
function isDamaged(thrown: unknown): boolean {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  return code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB" || code === "SQLITE_ERROR";
}
