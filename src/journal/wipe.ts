// Wipes what an erasure leaves behind its transaction: copies of the file, free pages, the write-ahead log.
import { metaOf, putMeta } from "./schema.ts";
import type { Database } from "./sqlite.ts";
import { removeCopies } from "./swap.ts";

/** What must be wiped: zeros in place of `rows` were enough, or the whole `file` is to be written anew. */
export type Wipe = "rows" | "file";

/** Key of what is still to be wiped: written with the erasure, so that a power cut does not forget it. */
const KEY = "wipe";
/** The busy timeout of the store's connection, milliseconds. */
const BUSY_MS = 5_000;

export class Wiping {
  readonly #db: Database;
  readonly #file: string;
  #due: boolean;

  constructor(db: Database, file: string) {
    this.#db = db;
    this.#file = file;
    this.#due = metaOf(db, KEY) !== undefined;
  }

  /** Runs the transaction of an erasure, which calls `note`. */
  around<T>(wipe: Wipe, transaction: () => T): T {
    // Everything goes: the pages are given back as they are, and the file is written anew without them.
    if (wipe === "file") this.#db.pragma("secure_delete = OFF");
    try {
      return transaction();
    } finally {
      this.#db.pragma("secure_delete = ON");
      this.#due = metaOf(this.#db, KEY) !== undefined;
    }
  }

  /** In the transaction of the erasure. */
  note(wipe: Wipe): void {
    putMeta(this.#db, KEY, wipe);
  }

  /** Never waits: while somebody reads an earlier state it is to be called again. True where nothing is left. */
  run(): boolean {
    if (!this.#due) return true;
    removeCopies(this.#file);
    if (metaOf(this.#db, KEY) === "file") {
      this.#db.pragma("temp_store = MEMORY");
      this.#db.exec("VACUUM");
    }
    if (!emptyLog(this.#db)) return false;
    this.#db.prepare("DELETE FROM meta WHERE key = ?").run(KEY);
    this.#due = false;
    return true;
  }
}

/** Empties the write-ahead log without waiting for anybody; false where somebody reads an earlier state. */
export function emptyLog(db: Database): boolean {
  db.pragma("busy_timeout = 0");
  try {
    const [outcome] = db.pragma("wal_checkpoint(TRUNCATE)") as { busy: number }[];
    return outcome?.busy === 0;
  } finally {
    db.pragma(`busy_timeout = ${BUSY_MS}`);
  }
}
