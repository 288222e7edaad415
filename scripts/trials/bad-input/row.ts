// One row of the table of bad input: what was tried, what had to come of it, and what came of it.

export interface Row {
  readonly subject: string;
  readonly tried: string;
  readonly expected: string;
  readonly came: string;
}

export interface Case {
  readonly tried: string;
  /** What has to come of it, in the words that `run` answers with. */
  readonly expected: string;
  /** Tries it on the real program and says what came of it. */
  readonly run: () => Promise<string>;
}

/** Tries the cases one after the other; one that breaks is a row of its own and stops no other. */
export async function tryAll(subject: string, cases: readonly Case[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { tried, expected, run } of cases) {
    const came = await run().catch((thrown: unknown) => `the trial broke: ${said(thrown)}`);
    rows.push({ subject, tried, expected, came });
  }
  return rows;
}

export function isAsExpected({ expected, came }: Row): boolean {
  return expected === came;
}

/** The table as Markdown; a row that differs names both. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const came = isAsExpected(row) ? row.came : `**${row.came}** (expected: ${row.expected})`;
    return `| ${[row.subject, row.tried, came].map(cell).join(" | ")} |`;
  });
  return ["| subject | tried | what came of it |", "|---|---|---|", ...lines].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function said(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message.slice(0, 400) : String(thrown);
}
