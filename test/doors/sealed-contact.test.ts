// Sealed contacts: what another implementation sealed opens here, what is sealed here opens there, and nothing else does.
import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { open, seal } from "../../src/doors/hpke.ts";
import { Contact, openContact, sealContact } from "../../src/doors/sealed-contact.ts";

const BINDING = { key: "k1", device: "till-03", touchpoint: "checkout" };
const CONTACT = { contact: "+370 600 12345", language: "lt" };
const INFO = "touchpoint callback v1\nk1\ntill-03\ncheckout";
/** A key that was made for this file only. */
const PRIVATE = "302e020100300506032b656e0422042029a86bdd40220f72b684942504b7178b7090c7d4d8c149ea15ca902d790647d4";
/** Sealed to it by the HPKE of Python's cryptography 48: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. */
const BY_OTHERS =
  "877695c36851b3f9d86da1ba163835c699faf0e69f506eebff94a99cf3bf095cd9c15d795fc9760e91be5e62bc0e130cd6ec6ee72c2f1fe69f9ff6aa9efcb7d9408042ea9cc1952a294766ebf5";
const CONTACT_BY_OTHERS =
  "AU76tjMWD4VbEEjB_26J5mTNYqJkCWUsVtfxUHwIsQwD27HLArbtPxUJDoTh3zzKkR8EgTL-4tJQRSQDfO1FI7uFljoBcOrrGYA7K3pHo-Trh0RFLdzlQlCb3m-jRjDmfx-SzUARk9116G2oy-BeBEpnJVUSJem2Iuy0j03GEi0P0FyppmoVE_vyS9OnDBg8qIbW-Yn7j7DxSXJEWaleA0_yGn6Rw6hlvqOVye4FzcolaANBq-0Yw0JVw6ivYHsk6_cuptONPG2akyQiS2-VzErO40UGNTNPKqo3pbd5P0MbicWoWR-uOw5mIw6cNtFfvDNl8xyygWgfYUmF2n9boMl8JkQ8nmTNDckjWeFRvKHYTAUSQl9_Y6Cip0MZg6wZX9J-czwHyc4ND3vFSeRAigZ3jtGiwHN_ngMi2WjcnUHzCXUwQDKWWoBteCSA2MYtchRDqUNBrotzOSgsW8PPGQqdKP5ZWsXMH2PUqNKVnW65w7rmJat6g-rOCc9AvN0iPOgGASEdHeDB_0_49gaKvs9oU7qxzIyLi5Lbwk9xl7dTfkyTIn-yrbBGrhKM9y3f2YzqVwsxJ-G0wxrJOaBF_6BmkX76B3AKlnhypwt4SH3xLBcc4dGmAB2oJNe3Vp5F_oR8T7TeGLemx27uWlu31hWLnp7AztVoaHKcdvEnE8FmwT6s8hfFT_GV9aIdEYFITQc_uYj5-VcxK3OFBN0AdDKXqWlvlMeRUMaPn27j1Q5bOyhZgsJc3N5b2R8zBATYl3EyNo5CDG2x9Xh3RfTbcoJWZTqpBIQfDznxjmWTNRlXki5ftT586DrNVhyrvys6ZqsNU2x-zzoItuCRMVcLWrvghJN4qJImMpoZoB-jrSRyoJ6HWRaik_Aq-Ld-t60i8yuYzhT81LzpExNlR-TRG6HVJWQTeVtf-M29lJlFKZVU5pnr5gI7_T2_Sg415eXz-jxigQ0Zhv0yDq5g82Hz8QbHp0RBBSfqJSOMJnQNQjriasG2sP7Roi7Kdg6fM5YKyTUgUavG9vNTKox3sofrVhug99ISAVYaSusAYLu4pxgEIrEIOJTKFAUZ_bOf8qC3ng";
const key = createPrivateKey({ key: Buffer.from(PRIVATE, "hex"), format: "der", type: "pkcs8" });
const publicKey = createPublicKey(key);
const hasHpke = spawnSync("python3", ["-c", "from cryptography.hazmat.primitives import hpke"]).status === 0;

describe("what another implementation sealed", () => {
  it("opens, as a message and as a contact", () => {
    const text = open(key, Buffer.from(INFO), Buffer.from(BY_OTHERS, "hex")).toString();
    expect(text).toBe("Beauty is truth, truth beauty");
    expect(openContact(key, BINDING, CONTACT_BY_OTHERS)).toEqual(CONTACT);
  });
});

it.skipIf(!hasHpke)("what is sealed here opens with Python's cryptography (else: its HPKE is not installed)", () => {
  const sealed = sealContact(publicKey, BINDING, CONTACT);
  const script = `
import base64, json, sys
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.serialization import load_der_private_key
key, info, sealed = sys.argv[1:]
data = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
print(json.dumps(json.loads(suite.decrypt(data[1:], load_der_private_key(bytes.fromhex(key), None), info.encode()))))
`;
  const said = execFileSync("python3", ["-c", script, PRIVATE, INFO, sealed], { encoding: "utf8" });
  expect(JSON.parse(said)).toEqual(CONTACT);
});

describe("a contact sealed here", () => {
  it("opens under the same words only", () => {
    const sealed = sealContact(publicKey, BINDING, CONTACT);
    expect(openContact(key, BINDING, sealed)).toEqual(CONTACT);
    for (const other of [{ key: "k2" }, { device: "till-04" }, { touchpoint: "exit" }])
      expect(() => openContact(key, { ...BINDING, ...other }, sealed)).toThrow();
    const stranger = generateKeyPairSync("x25519").privateKey;
    expect(() => openContact(stranger, BINDING, sealed)).toThrow();
  });

  it("does not open with any byte changed, cut short or made longer", () => {
    const bytes = Buffer.from(sealContact(publicKey, BINDING, CONTACT), "base64url");
    // The top bit of an X25519 key is not part of the number (RFC 7748), but `enc` goes into the key schedule whole.
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x80;
      expect(() => openContact(key, BINDING, changed.toString("base64url")), `byte ${at}`).toThrow();
    }
    for (const length of [0, 1, 33, 48, bytes.length - 1])
      expect(() => openContact(key, BINDING, bytes.subarray(0, length).toString("base64url"))).toThrow();
    const longer = Buffer.concat([bytes, Buffer.from([0])]);
    expect(() => openContact(key, BINDING, longer.toString("base64url"))).toThrow();
  });

  it("is of one length whatever was written, and never twice the same", () => {
    const longest = { contact: "€".repeat(200), language: "x".repeat(16) };
    const escaped = { contact: '"\\'.repeat(100) };
    const all = [{ contact: "1" }, CONTACT, CONTACT, longest, escaped].map((one) => {
      const sealed = sealContact(publicKey, BINDING, Contact.parse(one));
      expect(openContact(key, BINDING, sealed)).toEqual(one);
      return sealed;
    });
    expect(new Set(all.map(({ length }) => length))).toEqual(new Set([Math.ceil(((1 + 32 + 768 + 16) * 4) / 3)]));
    expect(new Set(all).size).toBe(5);
  });

  it("is refused a public key whose shared secret would be known: all zeros", () => {
    const zero = createPublicKey({
      key: Buffer.concat([Buffer.from("302a300506032b656e032100", "hex"), Buffer.alloc(32)]),
      format: "der",
      type: "spki",
    });
    expect(() => seal(zero, Buffer.from(INFO), Buffer.from("x"))).toThrow();
  });
});

describe("as a contact is taken", () => {
  it.each(["+370 600 12345", "anna@example.com", "Anna 🙂", "O'Brien, 2nd floor"])("%s", (contact) => {
    expect(Contact.safeParse({ contact }).success).toBe(true);
  });

  it.each([
    ["nothing", { contact: "  " }],
    ["too much", { contact: "1".repeat(201) }],
    ["a line break", { contact: "1\n2" }],
    ["half a character", { contact: "\ud800" }],
    ["no text", { contact: 37060012345 }],
    ["a language that is none", { contact: "1", language: "lt\u0000" }],
  ])("refused: %s", (_, body) => {
    expect(Contact.safeParse(body).success).toBe(false);
  });
});
