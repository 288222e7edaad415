// What a technician reads at the end of an audit.
import type { LineAudit } from "../metrics/audit.ts";

/** One row for each line and direction, and what its columns mean. */
export function auditText(
  lines: readonly LineAudit[],
  minutes: number,
  toleranceS: number,
  cameraLost: number,
): string {
  const heading = ["line", "", "counted", "tapped", "missed", "extra", "error", "95 %", "found", "right"];
  const rows = lines.map((one) => [
    one.line,
    one.direction,
    `${one.counted}`,
    `${one.tapped}`,
    `${one.missed}`,
    `${one.extra}`,
    one.error === null ? "–" : signed(one.error),
    one.interval === null ? "–" : `${signed(one.interval[0])} to ${signed(one.interval[1])}`,
    shareText(one.recall),
    shareText(one.precision),
  ]);
  const widths = heading.map((name, i) => Math.max(name.length, ...rows.map((row) => (row[i] ?? "").length)));
  const left = new Set([0, 1]);
  const text = [heading, ...rows].map((row) =>
    row
      .map((cell, i) => (left.has(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  return [
    `${minutes.toFixed(1)} min watched; a tap and a count within ${toleranceS} s are the same crossing`,
    ...text,
    "error: (counted − tapped) ÷ tapped; found: of those who crossed, counted; right: of those counted, crossed",
    ...(cameraLost === 0 ? [] : [`the camera was lost ${cameraLost}× meanwhile: what it did not see is missed`]),
    "",
  ].join("\n");
}

function signed(share: number): string {
  const percent = (share * 100).toFixed(1);
  return `${share >= 0 ? "+" : "−"}${percent.replace("-", "")} %`;
}

function shareText({ value, interval }: LineAudit["recall"]): string {
  if (value === null || interval === null) return "–";
  return `${(value * 100).toFixed(0)} % (${interval.map((bound) => (bound * 100).toFixed(0)).join("–")})`;
}
