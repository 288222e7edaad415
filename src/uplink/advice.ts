// What a technician does next about a fault on the way to the broker, more exactly than the catalogue can say.
import type { Fault } from "../words/errors.ts";

/** By reason code of MQTT 5, or of 3.1.1 below 0x80. */
const BY_REASON: Readonly<Record<number, string>> = {
  1: "Set `local.broker.protocol` to auto, or to the version that this broker speaks.",
  2: "Choose a device name that this broker accepts as a client id.",
  4: "Check the user name and the password in passwordFile.",
  5: "Check user and password or certificate, and that the broker's rules know this device.",
  132: "Set `local.broker.protocol` to auto, or to the version that this broker speaks.",
  133: "Choose a device name that this broker accepts as a client id.",
  134: "Check the user name and the password in passwordFile.",
  135: "Check user and password or certificate, and that the broker's rules know this device.",
  138: "The broker has banned this device: ask those who run it to lift the ban.",
  140: "This broker wants a login method that this program does not have: use a password or a certificate.",
  144: "Check `local.broker.prefix`: the broker does not allow its topics.",
  149: "Raise the broker's largest packet size: what is sent is at most 64 KiB and its frame.",
  154: "Let the broker keep retained messages: `status` and `state` need them.",
  155: "Use a broker, or a setting of it, that offers QoS 1.",
};

const BY_TLS: readonly (readonly [RegExp, string])[] = [
  [/NOT_YET_VALID/, "Set this device's clock: `timedatectl` shows whether network time works."],
  [/CERT_HAS_EXPIRED/, "Renew the broker's certificate, or set this device's clock if it is ahead."],
  [/ALTNAME|HOSTNAME/, "Use the name for which the broker's certificate was issued in `local.broker.url`."],
  [/SELF_SIGNED|ISSUER|VERIFY_LEAF|UNTRUSTED/, "Name the authority that issued the broker's certificate in caFile."],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH/, "Use mqtt:// or ws:// for this port, or the broker's port for TLS."],
  [/APPLICATION_PROTOCOL/, "Set `local.broker.alpn` to a name that this broker knows, or leave it out."],
  [/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/, "Give certFile and keyFile with a certificate that this broker trusts."],
  [/ALERT/, "Renew this device's certificate, or have the broker trust the authority that issued it."],
];

/** One sentence: for a reason code or a TLS failure its own, else the catalogue's. */
export function adviceOn(fault: Fault): string {
  const { code } = fault.details;
  if (fault.code === "BROKER_REFUSED" && typeof code === "number") return BY_REASON[code] ?? fault.hint;
  if (fault.code === "BROKER_TLS" && typeof code === "string")
    return BY_TLS.find(([pattern]) => pattern.test(code))?.[1] ?? fault.hint;
  return fault.hint;
}
