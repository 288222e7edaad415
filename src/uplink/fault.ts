// Turns what sockets, TLS and MQTT report into faults that a technician can act on. Never quotes a secret.
import { Fault } from "../words/errors.ts";
import { reasonFault, reasonText } from "./reasons.ts";

const TLS_CODES = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REVOKED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "CERT_REJECTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "HOSTNAME_MISMATCH",
  "EPROTO",
]);

/** The `code` of an error: text for sockets and TLS, a number for an MQTT reason, undefined without one. */
export function codeOf(thrown: unknown): string | number | undefined {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" || typeof thrown.code === "number" ? thrown.code : undefined;
}

export function isTlsCode(code: string | number | undefined): boolean {
  return typeof code === "string" && (TLS_CODES.has(code) || /^ERR_(TLS|SSL|OSSL)_/.test(code));
}

/**
 * The fault behind an error on the way to the broker or on a connection.
 * @param at the broker's `host:port`
 * @param connected whether the broker had already accepted this connection
 */
export function brokerFault(thrown: unknown, at: string, connected: boolean): Fault {
  if (thrown instanceof Fault) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = exactCode(codeOf(thrown), message);
  if (isTlsCode(code) || message === "TLS not authorized")
    return new Fault("BROKER_TLS", `no trusted TLS connection to ${at}: ${tlsSentence(String(code ?? message))}`, {
      at,
      code,
    });
  if (typeof code === "number") {
    const reference = referenceOf(thrown);
    const details = { at, code, ...(reference === undefined ? {} : { reference }) };
    return new Fault(reasonFault(code, connected), brokerSentence(code, at, connected, reference), details);
  }
  if (connected)
    return new Fault("BROKER_LOST", `the connection to ${at} broke: ${code ?? message.toLowerCase()}`, { at });
  return new Fault("BROKER_UNREACHABLE", unreachableSentence(at, code, message), { at, code });
}

/** What OpenSSL says in the text of an EPROTO, as the code that Node gives the same failure on another path. */
function exactCode(code: string | number | undefined, message: string): string | number | undefined {
  const said = code === "EPROTO" ? /SSL routines:[^:]*:([^:]+):/.exec(message)?.[1] : undefined;
  return said === undefined ? code : `ERR_SSL_${said.toUpperCase().replaceAll(" ", "_")}`;
}

/** What is wrong with a certificate or handshake, in a sentence. */
export function tlsSentence(code: string): string {
  switch (code) {
    case "CERT_NOT_YET_VALID":
      return "the broker's certificate is not yet valid; most likely this device's clock is behind";
    case "CERT_HAS_EXPIRED":
      return "the broker's certificate has expired, or this device's clock is ahead";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
    case "HOSTNAME_MISMATCH":
      return "the broker's certificate is for another name";
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return "the broker's certificate was not issued by a trusted CA; name the right caFile";
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return "this port does not speak TLS";
    case "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL":
    case "ERR_SSL_SSL/TLS_ALERT_NO_APPLICATION_PROTOCOL":
      return "the broker knows none of the names in alpn";
    case "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED":
    case "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE":
    case "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE":
      return "the broker asks for a client certificate; give certFile and keyFile";
    case "ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED":
    case "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED":
      return "the broker says that this device's certificate has expired";
    default:
      return /ALERT/.test(code) ? `the broker rejected this device's certificate (${code})` : code;
  }
}

function brokerSentence(code: number, at: string, connected: boolean, reference: string | undefined): string {
  const reason = reasonText(code);
  switch (reasonFault(code, connected)) {
    case "BROKER_TAKEN":
      return `another device uses this name: ${at} gave it the connection: ${reason}`;
    case "BROKER_MOVED": {
      const where = reference === undefined ? "a server it does not name" : reference;
      return `${at} sends this device to ${where}: ${reason}`;
    }
    case "BROKER_BUSY":
      return `the broker ${at} cannot serve this device now: ${reason}`;
    case "BROKER_LOST":
      return `the connection to ${at} broke: ${reason}`;
    default:
      return `the broker ${at} refused this device: ${reason}`;
  }
}

/** Which server the broker named instead of itself. */
function referenceOf(thrown: unknown): string | undefined {
  if (typeof thrown !== "object" || thrown === null || !("reference" in thrown)) return undefined;
  return typeof thrown.reference === "string" ? thrown.reference.slice(0, 500) : undefined;
}

function unreachableSentence(at: string, code: string | number | undefined, message: string): string {
  switch (code) {
    case "ECONNREFUSED":
      return `nothing listens at ${at}`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the name in ${at} cannot be resolved`;
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
      return `no way to ${at} (${code})`;
    case "ECONNRESET":
    case "EPIPE":
      return `${at} broke the connection off before it answered`;
    default:
      return message === "connack timeout"
        ? `${at} accepts connections but does not answer as an MQTT broker`
        : `${at} did not answer as an MQTT broker: ${message.slice(0, 200)}`;
  }
}
