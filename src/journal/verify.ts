// Proves a journal: sound file, seq without a hole that no gap owns, every event as its schema says.
import { Envelope, EVENT_DATA, EVENT_TYPES, type EventType } from "../words/events.ts";
import type { JournalReader, StoredEvent } from "./read.ts";
import { countOf, ownedByEvent, type Range, united, without } from "./retention.ts";

/** Most findings that are listed; the rest is only counted. */
const MOST_FINDINGS = 100;

export interface Verdict {
  readonly ok: boolean;
  readonly stream: string;
  readonly head: number;
  readonly events: number;
  /** Numbers that have no event and are owned by a gap or an erasure. */
  readonly owned: number;
  /** Numbers whose rows were deleted, because they were sent or because a gap owned them. */
  readonly pruned: number;
  /** Events of a type that this version does not know: no mistake. */
  readonly unknownTypes: number;
  readonly findings: readonly string[];
  readonly findingCount: number;
}

/** What of a reader the proof needs. */
export type Proved = Pick<JournalReader, "integrity" | "changed" | "head" | "events" | "pruned" | "orphans">;

/** Reads the whole journal up to the head it has now; memory does not grow with its length. */
export function verifyJournal(reader: Proved): Verdict {
  const findings: string[] = [];
  let findingCount = 0;
  const find = (finding: string): void => {
    findingCount += 1;
    if (findings.length < MOST_FINDINGS) findings.push(finding);
  };
  for (const finding of reader.integrity()) find(`SQLite: ${finding}`);
  for (const seq of reader.changed()) find(`seq ${seq}: the row is not what was written`);
  const { stream, head } = reader.head();
  const holes: Range[] = [];
  const gaps: Range[] = [];
  let events = 0;
  let unknownTypes = 0;
  let expected = 1;
  for (const row of reader.events()) {
    if (row.seq > head) break;
    if (row.seq !== expected) holes.push([expected, row.seq - 1]);
    expected = row.seq + 1;
    events += 1;
    const read = readEvent(row, stream);
    for (const finding of read.findings) find(`seq ${row.seq}: ${finding}`);
    if (read.isUnknown) unknownTypes += 1;
    gaps.push(...read.owns);
  }
  // The agent may have dropped the newest rows meanwhile, like any others: `pruned`, read last, tells.
  if (expected <= head) holes.push([expected, head]);
  const pruned = reader.pruned();
  const explained = united([...gaps, ...pruned]);
  for (const [from, to] of without(holes, explained)) find(`seq ${from} to ${to} is missing and no gap owns it`);
  for (const seq of reader.orphans()) find(`seq ${seq} waits for the broker and has no event`);
  const owned = countOf(holes) - countOf(without(holes, united(gaps)));
  const deleted = countOf(pruned);
  return { ok: findingCount === 0, stream, head, events, owned, pruned: deleted, unknownTypes, findings, findingCount };
}

interface ReadEvent {
  readonly findings: string[];
  readonly isUnknown: boolean;
  readonly owns: readonly Range[];
}

function readEvent(row: StoredEvent, stream: string): ReadEvent {
  let value: unknown;
  try {
    value = JSON.parse(row.json);
  } catch {
    return { findings: ["not JSON"], isUnknown: false, owns: [] };
  }
  const checked = Envelope.safeParse(value);
  if (!checked.success) return { findings: checked.error.issues.map(said), isUnknown: false, owns: [] };
  const event = checked.data;
  const findings: string[] = [];
  if (event.seq !== row.seq) findings.push(`the event says seq ${event.seq}`);
  if (event.stream !== stream) findings.push(`the event says stream ${event.stream}`);
  if (event.type !== row.type) findings.push(`the event says type ${event.type}, the row ${row.type}`);
  if (Date.parse(event.time) !== row.timeMs) findings.push("the event and the row say different times");
  const type = EVENT_TYPES.find((name: EventType) => name === event.type);
  if (type === undefined) return { findings, isUnknown: true, owns: [] };
  const data = EVENT_DATA[type].safeParse(event.data);
  if (!data.success) findings.push(...data.error.issues.map((issue) => `data.${said(issue)}`));
  return { findings, isUnknown: false, owns: ownedByEvent(type, event.data, stream) };
}

function said(issue: { readonly path: readonly PropertyKey[]; readonly message: string }): string {
  return `${issue.path.map(String).join(".")}: ${issue.message}`;
}
