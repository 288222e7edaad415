// Whether a message fits what broker and contract allow, before it is sent: a broker ends the connection on one that does not.

/** Largest payload that the contract allows, bytes. */
export const MAX_PAYLOAD_BYTES = 65_536;

/** Why a payload cannot be sent, or undefined where it can. */
export function oversize(topic: string, json: string, maximumPacketBytes: number): string | undefined {
  // A UTF-16 unit is at most 3 bytes of UTF-8; most rows are spared the exact count.
  const small = json.length * 3 + topic.length * 3 + 16;
  if (small <= maximumPacketBytes && json.length * 3 <= MAX_PAYLOAD_BYTES) return undefined;
  const payload = Buffer.byteLength(json);
  if (payload > MAX_PAYLOAD_BYTES) return `${payload} bytes are more than the contract's ${MAX_PAYLOAD_BYTES}`;
  const packet = publishBytes(Buffer.byteLength(topic), payload);
  if (packet > maximumPacketBytes) return `a packet of ${packet} bytes is more than the broker's ${maximumPacketBytes}`;
  return undefined;
}

/** Bytes of an MQTT 5 PUBLISH at QoS 1 without properties (MQTT 5, section 3.3). */
export function publishBytes(topicBytes: number, payloadBytes: number): number {
  const remaining = 2 + topicBytes + 2 + 1 + payloadBytes;
  const lengthBytes = remaining < 128 ? 1 : remaining < 16_384 ? 2 : remaining < 2_097_152 ? 3 : 4;
  return 1 + lengthBytes + remaining;
}
