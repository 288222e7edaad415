// mosquitto_sub as the central server's stand-in: a real subscriber that notes every event in its order of arrival.
import { createInterface } from "node:readline";
import { exited, startChild } from "../../src/supervise/child.ts";
import { Envelope } from "../../src/words/events.ts";
import { until } from "../../test/fakes/until.ts";

export interface Subscriber {
  /** Every event that came, in its order of arrival, repetitions too. */
  readonly arrived: readonly Envelope[];
  /** The latest of each retained topic below the root, by the rest of its name. */
  readonly retained: ReadonlyMap<string, unknown>;
  /** Messages that were no envelope though their topic says event. */
  readonly strange: readonly string[];
  end(): Promise<void>;
}

/**
 * Subscribes to everything below `root` and resolves when the broker has granted it.
 * The session outlives a broker that keeps its sessions, so that nothing is missed while it restarts.
 */
export async function startSubscriber(port: number, root: string): Promise<Subscriber> {
  const session = ["-c", "-i", "trial-subscriber", "-x", "3600"];
  const listening = ["-h", "127.0.0.1", "-p", `${port}`, "-V", "5", "-q", "1", "-t", `${root}/#`, "-F", "%t %p", "-d"];
  // Its own messages would otherwise wait in a buffer.
  const child = startChild("stdbuf", ["-oL", "mosquitto_sub", ...session, ...listening], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const arrived: Envelope[] = [];
  const retained = new Map<string, unknown>();
  const strange: string[] = [];
  let granted = false;
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("mosquitto_sub has no output");
  // With -d the subscriber also tells what it does; those lines do not begin with the root.
  createInterface({ input: stdout }).on("line", (line) => {
    granted ||= line.startsWith("Subscribed");
    if (!line.startsWith(`${root}/`)) return;
    const space = line.indexOf(" ");
    const topic = line.slice(root.length + 1, space);
    const value = parsed(line.slice(space + 1));
    if (!topic.startsWith("event/")) {
      retained.set(topic, value);
      return;
    }
    const event = Envelope.safeParse(value);
    if (event.success) arrived.push(event.data);
    else strange.push(line.slice(0, 300));
  });
  stderr.resume();
  await until(() => granted || child.exitCode !== null, "mosquitto_sub subscribed");
  if (child.exitCode !== null) throw new Error(`mosquitto_sub ended with ${child.exitCode}`);
  return {
    arrived,
    retained,
    strange,
    async end() {
      const gone = exited(child);
      child.kill("SIGTERM");
      await gone;
    },
  };
}

/** First arrival of each event, in order of arrival: what is left after de-duplication on (device, stream, seq). */
export function firstArrivals(arrived: readonly Envelope[]): Envelope[] {
  const seen = new Set<string>();
  return arrived.filter(({ device, stream, seq }) => {
    const key = `${device} ${stream} ${seq}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
