// Runs the doctor beside the agent, as a technician's would: a child of its own that sees what the agent has open.
import { join } from "node:path";
import { z } from "zod";
import { packageRoot } from "../place.ts";
import { endChild, exited, startChild } from "../supervise/child.ts";
import { DoctorFinding } from "../words/device-commands.ts";
import { Fault } from "../words/errors.ts";
import type { Finding } from "./finding.ts";

/** Longest time of all checks together, milliseconds. */
const WITHIN_MS = 60_000;
/** More than any number of devices has to say, bytes. */
const MAX_BYTES = 1_048_576;

/**
 * Within this process it would take the agent's own cameras and ports for free, and its models would stall the agent.
 * @param configFile the file the agent runs by
 * @throws Fault DOCTOR_FAILED where it came to no end or printed no findings, CHILD_MISSING
 */
export async function doctorAside(configFile: string, signal: AbortSignal): Promise<readonly Finding[]> {
  const program = join(packageRoot(), "bin", "touchpoint");
  // Customers come first.
  const child = startChild("nice", ["-n", "10", program, "doctor", "--json", "--config", configFile], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const over = AbortSignal.any([signal, AbortSignal.timeout(WITHIN_MS)]);
  const end = (): void => void endChild(child);
  over.addEventListener("abort", end, { once: true });
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout?.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) end();
    else chunks.push(chunk);
  });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  try {
    await exited(child);
    await closed;
  } finally {
    over.removeEventListener("abort", end);
  }
  if (over.aborted || bytes > MAX_BYTES) throw new Fault("DOCTOR_FAILED", "the doctor came to no end");
  const found = z.array(DoctorFinding).safeParse(parsed(Buffer.concat(chunks).toString("utf8")));
  if (!found.success) throw new Fault("DOCTOR_FAILED", "the doctor printed no findings");
  return found.data.map(({ hint, ...rest }) => ({ ...rest, ...(hint === undefined ? {} : { hint }) }));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
