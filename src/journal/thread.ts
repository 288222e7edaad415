// Entry of the journal's worker thread: a slow disk stalls this thread and no other.
import { parentPort, workerData } from "node:worker_threads";
import type { Opening } from "./protocol.ts";
import { serveJournal } from "./serve.ts";

if (parentPort !== null) serveJournal(parentPort, workerData as Opening);
