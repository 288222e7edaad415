// The page of coded errors, from the catalogue.
import { FAULTS, type FaultKind } from "../../src/words/errors.ts";

const KINDS: Record<FaultKind, string> = {
  config: "The configuration is wrong: the program says the path and line and ends with status 78.",
  unavailable:
    "Something outside is away or failing: that stage is degraded and tried again with jittered back-off; all others go on.",
  input:
    "What came in, or what was asked for, is no good: it is counted and dropped, or the command ends with status 1.",
  bug: "A mistake in the program: it is logged as fatal and the service manager starts the agent again.",
};

/** Markdown of docs/errors.md. */
export function errorsPage(): string {
  const lines = [
    "# Coded errors",
    "",
    "<!-- Made by `npm run docs` from src/words/errors.ts; a test holds the two together. Do not edit by hand. -->",
    "",
    "Every error a person or a machine may see has a code, a sentence and a hint. Codes never change their meaning.",
    "",
  ];
  for (const [kind, meaning] of Object.entries(KINDS)) {
    const entries = Object.entries(FAULTS).filter(([, fault]) => fault.kind === kind);
    if (entries.length === 0) continue;
    lines.push(`## ${kind}`, "", meaning, "", "| code | what to do |", "|---|---|");
    for (const [code, { hint }] of entries) lines.push(`| \`${code}\` | ${hint.replaceAll("|", "\\|")} |`);
    lines.push("");
  }
  return lines.join("\n");
}
