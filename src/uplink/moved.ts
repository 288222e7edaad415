// Where a broker that sends devices away sends them (MQTT 5, section 4.11), and whether this device goes there. Pure.
import type { BrokerConfig } from "../config/schema.ts";
import type { Fault } from "../words/errors.ts";

const USE_ANOTHER_SERVER = 0x9c;

export interface Route {
  /** The address to use instead of the configured one. */
  readonly url: string;
  /** `once`: for the next connection only. `kept`: until it fails or the agent starts again. */
  readonly stays: "once" | "kept";
}

/**
 * The route that a fault names, or undefined where it names none that `moveTo` allows. Scheme and path stay those of
 * the configured address: a broker cannot talk a device out of TLS.
 */
export function routeAfter(fault: Fault, broker: Pick<BrokerConfig, "url" | "moveTo">): Route | undefined {
  const { code, reference } = fault.details;
  if (fault.code !== "BROKER_MOVED" || typeof reference !== "string") return undefined;
  const allowed = reference.split(" ").find((server) => isAllowed(server, broker.moveTo));
  if (allowed === undefined) return undefined;
  const url = new URL(broker.url);
  const { host, port } = splitServer(allowed);
  // `host` of schemes that browsers do not know cannot be set on a URL.
  const authority = `${host}${port === "" ? (url.port === "" ? "" : `:${url.port}`) : `:${port}`}`;
  const path = url.pathname === "/" ? "" : url.pathname;
  return {
    url: `${url.protocol}//${authority}${path}${url.search}`,
    stays: code === USE_ANOTHER_SERVER ? "once" : "kept",
  };
}

/** An entry without a port allows every port of its host. */
function isAllowed(server: string, moveTo: readonly string[]): boolean {
  if (!/^([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?$/i.test(server)) return false;
  const wanted = splitServer(server);
  return moveTo.some((entry) => {
    const { host, port } = splitServer(entry);
    return host.toLowerCase() === wanted.host.toLowerCase() && (port === "" || port === wanted.port);
  });
}

function splitServer(server: string): { host: string; port: string } {
  const [, host = server, port = ""] = /^(.*?)(?::(\d{1,5}))?$/.exec(server) ?? [];
  return { host, port };
}
