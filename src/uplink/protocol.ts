// MQTT 5 first, 3.1.1 where the broker does not know it; what was learned is remembered.
import type { IClientOptions } from "mqtt";
import type { BrokerConfig } from "../config/schema.ts";
import { type ConnectionRequest, type Opened, openConnection } from "./connection.ts";
import { type LoginFiles, type LoginSettings, loginOptions } from "./login.ts";

export interface ProtocolMemory {
  /** The broker refused MQTT 5 in so many words. */
  refused5: boolean;
}

export interface Login {
  readonly broker: LoginSettings;
  readonly files: LoginFiles;
  readonly device: string;
  /** The device name unless another client of the same device must not be pushed off. */
  readonly clientId?: string;
  readonly connackMs: number;
  readonly will?: NonNullable<IClientOptions["will"]>;
}

/** Versions to try in this order. */
export function protocolsToTry(setting: BrokerConfig["protocol"], memory: ProtocolMemory): readonly ("5" | "3.1.1")[] {
  if (setting !== "auto") return [setting];
  return memory.refused5 ? ["3.1.1", "5"] : ["5", "3.1.1"];
}

/**
 * Opens a connection, trying the other protocol version within the same attempt where the first one is, or may be, the
 * reason of the failure. Only a refusal in so many words is remembered: a broker that just closed may have been starting.
 */
export async function openNegotiated(
  request: Omit<ConnectionRequest, "options">,
  memory: ProtocolMemory,
  login: Login,
): Promise<Opened> {
  let first: Opened | undefined;
  for (const protocol of protocolsToTry(login.broker.protocol, memory)) {
    const options = {
      ...loginOptions(login.broker, login.files, login.device, protocol, login.connackMs),
      ...(login.clientId === undefined ? {} : { clientId: login.clientId }),
      ...(login.will === undefined ? {} : { will: login.will }),
    };
    const opened = await openConnection({ ...request, options });
    if ("connection" in opened) {
      if (protocol === "5") memory.refused5 = false;
      return opened;
    }
    if (protocol === "5" && opened.refusesProtocol === "yes") memory.refused5 = true;
    const answered = first !== undefined && opened.refusesProtocol === "no";
    first = first === undefined || answered ? opened : first;
    if (opened.refusesProtocol === "no" || request.signal.aborted) break;
  }
  if (first === undefined) throw new RangeError("no protocol version to try");
  return first;
}
