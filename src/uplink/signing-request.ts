// A request for a certificate (PKCS #10, RFC 2986) in its one shape here: a P-256 key, the device's name as common name. Pure.
import { createPublicKey, type KeyObject, sign } from "node:crypto";

const OID_COMMON_NAME = Buffer.from("0603550403", "hex");
const OID_ECDSA_WITH_SHA256 = Buffer.from("06082a8648ce3d040302", "hex");
const [INTEGER, BIT_STRING, UTF8_STRING, SEQUENCE, SET, ATTRIBUTES] = [0x02, 0x03, 0x0c, 0x30, 0x31, 0xa0];

/** Signed with `key`, in PEM. @param key private, on the curve P-256 */
export function signingRequest(key: KeyObject, device: string): string {
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, OID_COMMON_NAME, der(UTF8_STRING, Buffer.from(device, "utf8")))));
  const info = der(SEQUENCE, der(INTEGER, Buffer.from([0])), name, publicPartOf(key), der(ATTRIBUTES));
  const signature = der(BIT_STRING, Buffer.from([0]), sign("sha256", info, key));
  const request = der(SEQUENCE, info, der(SEQUENCE, OID_ECDSA_WITH_SHA256), signature);
  const lines = request.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE REQUEST-----", ...lines, "-----END CERTIFICATE REQUEST-----", ""].join("\n");
}

/** True where a request was made for this key and this name. */
export function isRequestOf(pem: string, key: KeyObject, device: string): boolean {
  const request = Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ""), "base64");
  return request.includes(publicPartOf(key)) && request.includes(der(UTF8_STRING, Buffer.from(device, "utf8")));
}

/** SubjectPublicKeyInfo. */
function publicPartOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: "spki", format: "der" });
}

/** Tag, length, content (X.690, section 8.1). */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length;
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}
