// Stages and counters in the Prometheus text format, version 0.0.4.

export interface Health {
  readonly stages: Readonly<Record<string, { readonly state: string; readonly code?: string }>>;
  readonly counters: Readonly<Record<string, number>>;
}

export const STATES = ["starting", "ok", "degraded", "stopped", "paused"] as const;

/** One sample per stage and state (1 where it holds), one per counter. */
export function prometheusText({ stages, counters }: Health): string {
  const lines = [
    "# HELP touchpoint_stage_state 1 where the stage is in this state.",
    "# TYPE touchpoint_stage_state gauge",
  ];
  for (const [stage, { state }] of Object.entries(stages))
    for (const one of STATES)
      lines.push(`touchpoint_stage_state{stage="${escaped(stage)}",state="${one}"} ${one === state ? 1 : 0}`);
  lines.push(
    "# HELP touchpoint_count_total What was counted since the agent started.",
    "# TYPE touchpoint_count_total counter",
  );
  for (const [name, count] of Object.entries(counters))
    lines.push(`touchpoint_count_total{name="${escaped(name)}"} ${count}`);
  return `${lines.join("\n")}\n`;
}

function escaped(label: string): string {
  return label.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
