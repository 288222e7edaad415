// Receivers of alerts and presence: names resolve, ports answer, programs are there. Nothing is sent and none is started.
import { connect } from "node:net";
import { type Check, type Finding, failed, ok, skipped } from "../finding.ts";
import type { Machine } from "../machine.ts";

/** Longest wait for a connection, milliseconds: the same for all, so that one that is silent holds up no other. */
const CONNECT_MS = 5_000;

export const webhookCheck: Check = {
  name: "webhooks",
  run: async ({ config, machine, signal }) => {
    const { webhooks, presence } = config.local.notify;
    if (webhooks.length + presence.length === 0) return [skipped("webhooks", "none is configured")];
    return await Promise.all([
      ...webhooks.map(({ id, url }) => reached(`webhook ${id}`, url, signal)),
      ...presence.map((one) => {
        const name = `presence receiver ${one.id}`;
        return one.kind === "http" ? reached(name, one.url, signal) : startable(name, one.program, machine);
      }),
    ]);
  },
};

function startable(name: string, program: string, { place }: Pick<Machine, "place">): Finding {
  const there = place(program);
  if (there?.kind !== "file") return failed(name, `there is no program ${program}`, "Check the path of the program.");
  // Any of the three: whether this user may is seen when it is started.
  return (there.mode & 0o111) === 0
    ? failed(name, `${program} may not be executed`, `chmod +x ${program}`)
    : ok(name, `${program} is there`);
}

/** Only host and port are said: what follows them in an address is often a secret. */
async function reached(name: string, url: string, signal: AbortSignal): Promise<Finding> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const portNumber = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  const code = await connected(host, portNumber, signal);
  const at = `${hostname}:${portNumber}`;
  switch (code) {
    case undefined:
      return ok(name, `${at} accepts connections`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return failed(
        name,
        `the name ${host} does not resolve (${code})`,
        "Check its url and this device's name server.",
      );
    default:
      return failed(
        name,
        `${at} accepts no connection (${code})`,
        "Check the cable or Wi-Fi, that the receiver runs, its port, and any firewall between.",
      );
  }
}

/** @returns the system's code of what went wrong; undefined once the connection stood */
function connected(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
  const socket = connect({ host, port });
  return new Promise<string | undefined>((resolve) => {
    late.addEventListener("abort", () => resolve("ETIMEDOUT"), { once: true });
    socket.once("connect", () => resolve(undefined));
    socket.once("error", (thrown) => {
      resolve("code" in thrown && typeof thrown.code === "string" ? thrown.code : thrown.message);
    });
  }).finally(() => socket.destroy());
}
