// `touchpoint journal …`: what is in the journal, read beside the running agent.
import { once } from "node:events";
import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { ageOf } from "../clock/age.ts";
import { clocksNow } from "../clock/clock.ts";
import { loadConfig } from "../config/load.ts";
import type { JournalConfig } from "../config/schema.ts";
import { type EventFilter, type JournalReader, openReader, type StoredEvent } from "../journal/read.ts";
import { verifyJournal } from "../journal/verify.ts";
import { cardYears } from "../journal/wear.ts";
import { pause } from "../supervise/backoff.ts";
import type { Envelope } from "../words/events.ts";
import { csvLine } from "./csv.ts";
import { instantMs } from "./dates.ts";
import { registerJournalErase } from "./journal-erase.ts";
import { CONFIG_OPTION, EXIT } from "./outcome.ts";

const DAY_MS = 86_400_000;
/** How often a follower looks for new rows, milliseconds. */
const FOLLOW_MS = 250;
const MOST_REFUSED = 20;

interface Common {
  readonly config: string;
  readonly json?: boolean;
}

/** Adds `journal` with its verbs. */
export function registerJournal(program: Command): void {
  const journal = program.command("journal").description("what is in the journal; safe beside a running agent");
  journal
    .command("status")
    .description("head, sent, confirmed, waiting, refused, rate, days of autonomy left")
    .option(...CONFIG_OPTION)
    .option("--json", "one JSON object")
    .action((options: Common) =>
      withReader(options.config, (reader, file, quota) => status(reader, file, quota, options)),
    );
  journal
    .command("tail")
    .description("the last events, one JSON object a line")
    .option(...CONFIG_OPTION)
    .option("-f, --follow", "go on with what comes, until interrupted")
    .option("-n, --lines <count>", "how many of the last events", wholeNumber, 10)
    .option("--since <seq>", "every event after this seq instead", wholeNumber)
    .option("--type <type...>", "only these types")
    .option("--json", "the same; every line is JSON already")
    .action(tail);
  journal
    .command("export")
    .description("every event that fits, to standard output")
    .option(...CONFIG_OPTION)
    .option("--format <format>", "ndjson or csv", oneOf(["ndjson", "csv"]), "ndjson")
    .option("--from <time>", "event time, such as 2026-11-22 or 2026-11-22T09:00:00Z; included", instantMs)
    .option("--to <time>", "not included", instantMs)
    .option("--type <type...>", "only these types")
    .action(exportEvents);
  journal
    .command("verify")
    .description("the file, the seq and every event; ends with 1 where something is wrong")
    .option(...CONFIG_OPTION)
    .option("--json", "one JSON object")
    .action((options: Common) => withReader(options.config, (reader, file) => verify(reader, file, options)));
  registerJournalErase(journal);
}

async function status(reader: JournalReader, file: string, quota: JournalConfig, options: Common): Promise<void> {
  const now = Date.now();
  const head = reader.head();
  const oldest = reader.oldestWaiting();
  const oldestMs = oldest === undefined ? undefined : ageOf(JSON.parse(oldest.json) as Envelope, clocksNow());
  const fileBytes = statSync(file).size + (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0);
  const disk = statfsSync(dirname(file));
  const freeBytes = disk.bavail * disk.bsize;
  const lastDay = reader.countSince(now - DAY_MS);
  const count = reader.count();
  const usedBytes = reader.usedBytes();
  // Today's events, each as long as the mean row with all that belongs to it.
  const bytesPerDay = count === 0 ? 0 : lastDay * (usedBytes / count);
  // Rows that were sent give way; the others may take the quota, or what the disk has where that is less.
  const room =
    Math.min(quota.maxBytes, fileBytes + freeBytes) - usedBytes * Math.min(1, head.waiting / Math.max(1, count));
  const { writtenBytesPerDay } = reader.rates();
  const report = {
    file,
    ...head,
    refusedRows: reader.refused(MOST_REFUSED),
    oldestWaiting: oldest === undefined ? null : { seq: oldest.seq, type: oldest.type, ageMs: oldestMs ?? null },
    carriedWaiting: reader.carried(),
    lossesNotYetOwned: reader.losses().length,
    fileBytes,
    usedBytes,
    maxBytes: quota.maxBytes,
    freeBytes,
    reserve: existsSync(`${file}.reserve`),
    events: count,
    eventsLastDay: lastDay,
    daysOfAutonomy: bytesPerDay === 0 ? null : Math.max(0, Math.floor(room / bytesPerDay)),
    writtenBytesPerDay,
    cardYears: cardYears(disk.blocks * disk.bsize, writtenBytesPerDay),
  };
  if (options.json === true) {
    await write(`${JSON.stringify(report)}\n`);
    return;
  }
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const lines: [string, string][] = [
    [
      "file",
      `${file}, ${megabytes(fileBytes)} of ${megabytes(quota.maxBytes)}; ${megabytes(freeBytes)} free on the disk`,
    ],
    ["reserve", report.reserve ? "there" : quota.reserveBytes === 0 ? "none is kept" : "missing"],
    ["stream", head.stream],
    ["head", `${head.head}`],
    ["sent up to", `${head.done}`],
    ["confirmed up to", `${head.confirmed}`],
    [
      "waiting",
      report.carriedWaiting === 0 ? `${head.waiting}` : `${head.waiting}, ${report.carriedWaiting} of earlier streams`,
    ],
    ["oldest waiting", oldest === undefined ? "none" : `seq ${oldest.seq}, ${oldest.type}, ${age(oldestMs)}`],
    ["refused", `${head.refused}`],
    ...report.refusedRows.map(({ seq, type, reason }): [string, string] => ["", `seq ${seq}, ${type}: ${reason}`]),
    ["last 24 hours", `${lastDay} events`],
    [
      "autonomy",
      report.daysOfAutonomy === null ? "no events to reckon with" : `${report.daysOfAutonomy} days at this rate`,
    ],
    ["written", writtenBytesPerDay === 0 ? "not known yet" : `${megabytes(writtenBytesPerDay)} a day of running time`],
    ["card life", report.cardYears === null ? "not known yet" : `${report.cardYears} years by this journal alone`],
  ];
  await write(lines.map(([name, value]) => `${name.padEnd(16)} ${value}\n`).join(""));
}

async function tail(
  options: Common & { follow?: boolean; lines: number; since?: number; type?: string[] },
): Promise<void> {
  const file = journalFile(options.config);
  const stop = new AbortController();
  const interrupted = (): void => stop.abort();
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  const types = options.type ?? [];
  let reader = openReader(file);
  let inode = statSync(file).ino;
  try {
    let after = options.since ?? (reader.last(options.lines)[0]?.seq ?? 1) - 1;
    while (!stop.signal.aborted) {
      for (const row of reader.events({ afterSeq: after, types })) {
        await write(`${row.json}\n`);
        after = row.seq;
        if (stop.signal.aborted) return;
      }
      if (options.follow !== true) return;
      await pause(FOLLOW_MS, stop.signal);
      // The agent set the file aside and began a new stream.
      const there = statSync(file, { throwIfNoEntry: false })?.ino;
      if (there === undefined || there === inode) continue;
      reader.close();
      reader = openReader(file);
      inode = there;
      after = 0;
    }
  } finally {
    reader.close();
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
  }
}

const CSV_COLUMNS = [
  "seq",
  "id",
  "stream",
  "type",
  "time",
  "tz",
  "clock",
  "boot",
  "mono",
  "site",
  "device",
  "touchpoint",
  "data",
] as const satisfies readonly (keyof Envelope)[];

async function exportEvents(options: {
  config: string;
  format: string;
  from?: number;
  to?: number;
  type?: string[];
}): Promise<void> {
  const filter: EventFilter = {
    ...(options.from === undefined ? {} : { fromMs: options.from }),
    ...(options.to === undefined ? {} : { toMs: options.to }),
    ...(options.type === undefined ? {} : { types: options.type }),
  };
  const line = options.format === "csv" ? csvRow : (row: StoredEvent): string => `${row.json}\n`;
  await withReader(options.config, async (reader) => {
    if (options.format === "csv") await write(`${CSV_COLUMNS.join(",")}\n`);
    for (const row of reader.events(filter)) await write(line(row));
  });
}

function csvRow(row: StoredEvent): string {
  const event = JSON.parse(row.json) as Partial<Envelope>;
  const cells = CSV_COLUMNS.map((column) => {
    const value = event[column];
    return value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  });
  return csvLine(cells);
}

async function verify(reader: JournalReader, file: string, options: Common): Promise<void> {
  const verdict = verifyJournal(reader);
  if (!verdict.ok) process.exitCode = EXIT.failed;
  if (options.json === true) {
    await write(`${JSON.stringify({ file, ...verdict })}\n`);
    return;
  }
  const { stream, head, events, owned, pruned, unknownTypes, findings, findingCount } = verdict;
  const summary = `${file}: stream ${stream}, ${events} events, head ${head}, ${owned} numbers owned by gaps or erasures, ${pruned} rows deleted in order, ${unknownTypes} of unknown type\n`;
  const more = findingCount > findings.length ? `… and ${findingCount - findings.length} more\n` : "";
  await write(`${summary}${findings.map((finding) => `✗ ${finding}\n`).join("")}${more}`);
  await write(verdict.ok ? "✓ the journal is sound\n" : `✗ ${findingCount} findings\n`);
}

async function withReader(
  config: string,
  work: (reader: JournalReader, file: string, quota: JournalConfig) => Promise<void>,
): Promise<void> {
  const { dataDir, journal } = loadConfig(config).config.local;
  const file = join(dataDir, "journal.db");
  const reader = openReader(file);
  try {
    await work(reader, file, journal);
  } finally {
    reader.close();
  }
}

function journalFile(config: string): string {
  return join(loadConfig(config).config.local.dataDir, "journal.db");
}

/** Writes at the pace of whoever reads, so that an export of any length stays small in memory. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}

function age(ms: number | undefined): string {
  if (ms === undefined) return "of a boot without time";
  const minutes = Math.max(0, Math.round(ms / 60_000));
  return minutes < 120
    ? `${minutes} min`
    : minutes < 2_880
      ? `${Math.round(minutes / 60)} h`
      : `${Math.round(minutes / 1_440)} days`;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("give a whole number.");
  return Number(text);
}

function oneOf(choices: readonly string[]): (text: string) => string {
  return (text) => {
    if (!choices.includes(text)) throw new InvalidArgumentError(`give ${choices.join(" or ")}.`);
    return text;
  };
}
