// The receivers of alerts: each one's name resolves and its port answers. No request is sent, so nobody is alarmed.
import { connect } from "node:net";
import type { WebhookConfig } from "../../config/notify.ts";
import { type Check, type Finding, failed, ok, skipped } from "../finding.ts";

/** Longest wait for a connection, milliseconds: the same for all, so that one that is silent holds up no other. */
const CONNECT_MS = 5_000;

export const webhookCheck: Check = {
  name: "webhooks",
  run: async ({ config, signal }) => {
    const { webhooks } = config.local.notify;
    if (webhooks.length === 0) return [skipped("webhooks", "none is configured")];
    return await Promise.all(webhooks.map((webhook) => finding(webhook, signal)));
  },
};

/** Only host and port are said: what follows them in an address is often a secret. */
async function finding({ id, url }: WebhookConfig, signal: AbortSignal): Promise<Finding> {
  const name = `webhook ${id}`;
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
        "Check the webhook's url and this device's name server.",
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
