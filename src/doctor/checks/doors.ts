// The local doors: the port may be had or is served already, the shop's broker lets the agent in.
import { once } from "node:events";
import { createServer } from "node:net";
import type { HttpConfig } from "../../config/context.ts";
import type { MqttDoorConfig } from "../../config/mqtt-door.ts";
import { addressOf, readLoginFiles } from "../../uplink/login.ts";
import { openNegotiated } from "../../uplink/protocol.ts";
import { type Check, type Finding, failed, failedBy, ok, skipped } from "../finding.ts";

/** Longest wait for the shop's broker, milliseconds. */
const CONNACK_MS = 5_000;
const CLOSE_MS = 1_000;

export const doorCheck: Check = {
  name: "doors",
  run: async ({ config: { local }, signal }) => {
    const { http, mqttDoor, device } = local;
    if (http === undefined && mqttDoor === undefined) return [skipped("doors", "none is configured")];
    return await Promise.all([
      ...(http === undefined ? [] : [httpFinding(http, signal)]),
      ...(mqttDoor === undefined ? [] : [mqttFinding(mqttDoor, device, signal)]),
    ]);
  },
};

/** Who has the port is told apart by what answers there: the door asks for its token. */
async function httpFinding({ host, port }: HttpConfig, signal: AbortSignal): Promise<Finding> {
  const server = createServer().listen(port, host);
  try {
    await once(server, "listening");
    server.close();
    return ok("door", `port ${port} of ${host} is free; the agent takes it when it runs`);
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code !== "EADDRINUSE")
      return failed("door", `port ${port} of ${host} cannot be had: ${code}`, "Check local.http.host and port.");
    const at = host.includes(":") ? `[${host}]` : host;
    const answer = await fetch(`http://${at}:${port}/v1/health`, { signal }).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.status === 401
      ? ok("door", `a door is open at port ${port}`)
      : failed("door", `another program has port ${port}`, "End it, or give another local.http.port.");
  }
}

/** Under a client id of its own: the running agent is not pushed off. */
async function mqttFinding(settings: MqttDoorConfig, device: string, signal: AbortSignal): Promise<Finding> {
  const { at } = addressOf(settings.url);
  let files: ReturnType<typeof readLoginFiles>;
  try {
    files = readLoginFiles(settings);
  } catch (thrown) {
    return failedBy("door mqtt", thrown);
  }
  const opened = await openNegotiated(
    { at, signal, message: () => undefined },
    { refused5: false },
    { broker: settings, files, device, clientId: `${device}-doctor`, connackMs: CONNACK_MS },
  );
  if (!("connection" in opened)) return failedBy("door mqtt", opened.fault);
  const { connection } = opened;
  try {
    await connection.subscribe([`${settings.prefix}/in/#`]);
    return ok("door mqtt", `${at} lets the agent in and read ${settings.prefix}/in/#`);
  } catch (thrown) {
    return failedBy("door mqtt", thrown);
  } finally {
    await connection.close(CLOSE_MS);
  }
}
