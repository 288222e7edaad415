// Who may give which command: principals, their keys and signatures, and the worked example of docs/commands.md.
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CommandsConfig } from "../../src/config/commands.ts";
import { packageRoot } from "../../src/place.ts";
import { type GateState, judgeCommand } from "../../src/uplink/commands.ts";
import { rightsOf } from "../../src/uplink/rights.ts";
import { isSignedBy, publicKeyLine, publicKeyOf, signCommand, signedBytes } from "../../src/uplink/signature.ts";
import { COMMANDS } from "../../src/words/commands.ts";
import { ANYBODY, PLACE, ROOT } from "./rig.ts";

type Body = Record<string, unknown>;

const NOW = Date.parse("2026-11-22T09:14:07.311Z");
/** The secret key of TEST 1 in RFC 8032, section 7.1, as PKCS #8 (RFC 8410). */
const RFC_8032 = createPrivateKey({
  key: Buffer.from(
    "302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "hex",
  ),
  format: "der",
  type: "pkcs8",
});
const ops = generateKeyPairSync("ed25519").privateKey;
const shop = generateKeyPairSync("ed25519").privateKey;
const RIGHTS = rightsOf(
  CommandsConfig.parse({
    principals: [
      { name: "ops", publicKey: publicKeyLine(ops), may: ["*"] },
      { name: "shop", publicKey: publicKeyLine(shop), may: ["camera.pause", "camera.resume"] },
      { name: "desk", may: ["ping", "restart"] },
    ],
  }),
);

const asked = (by: string, more: Body = {}): Body => ({
  id: "7f3c",
  issued: new Date(NOW).toISOString(),
  expires: new Date(NOW + 60_000).toISOString(),
  by,
  ...more,
});
const signed = (key: typeof ops, name: string, body: Body, place = PLACE): Body => ({
  ...body,
  sig: signCommand(key, place, name, body),
});
function judged(name: string, body: Body | string, more: Partial<GateState> = {}): string {
  const payload = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const judgement = judgeCommand(
    name,
    { topic: `${ROOT}/cmd/${name}`, payload, retained: false },
    {
      nowMs: NOW,
      clockTrusted: true,
      commands: new Map(Object.keys(COMMANDS).map((one) => [one, { needsClock: false }])),
      rights: RIGHTS,
      place: PLACE,
      seen: new Map(),
      ...more,
    },
  );
  if (judgement.do === "run") return judgement.proved ? "proved" : "run";
  return judgement.do === "refuse" ? judgement.reason : judgement.do;
}

describe("without principals", () => {
  it("whoever may publish may command, but for what demands a signature", () => {
    expect(judged("ping", asked("anybody"), { rights: ANYBODY })).toBe("run");
    expect(judged("camera.resume", asked("anybody"), { rights: ANYBODY })).toBe("run");
    expect(judged("restart", asked("anybody"), { rights: ANYBODY })).toBe("unsigned");
    expect(judged("restart", signed(ops, "restart", asked("anybody")), { rights: ANYBODY })).toBe("unsigned");
  });

  it("what demands a signature is a setting", () => {
    const rights = rightsOf(CommandsConfig.parse({ signed: ["camera.resume"] }));
    expect(judged("restart", asked("anybody"), { rights })).toBe("run");
    expect(judged("camera.resume", asked("anybody"), { rights })).toBe("unsigned");
  });
});

describe("with principals", () => {
  it.each([
    ["one with a key, signed", "restart", signed(ops, "restart", asked("ops")), "proved"],
    ["the same, unsigned", "ping", asked("ops"), "unsigned"],
    ["nobody that is known", "ping", asked("eve"), "forbidden"],
    ["a name that objects have", "ping", asked("constructor"), "forbidden"],
    ["what he may not", "restart", signed(shop, "restart", asked("shop")), "forbidden"],
    ["what he may", "camera.resume", signed(shop, "camera.resume", asked("shop")), "proved"],
    ["another's name", "restart", signed(shop, "restart", asked("ops")), "forged"],
    ["one without a key", "ping", asked("desk"), "run"],
    ["one without a key, where a signature is demanded", "restart", asked("desk"), "unsigned"],
    [
      "one for another device",
      "restart",
      signed(ops, "restart", asked("ops"), { ...PLACE, device: "till-04" }),
      "forged",
    ],
    ["one for another site", "restart", signed(ops, "restart", asked("ops"), { ...PLACE, site: "kns" }), "forged"],
    ["one under another name", "camera.resume", signed(ops, "camera.pause", asked("ops")), "forged"],
    ["a signature that is none", "ping", { ...asked("ops"), sig: "x" }, "forged"],
    [
      "an old one, forged",
      "ping",
      { ...signed(shop, "ping", asked("ops")), expires: "2020-01-01T00:00:00Z" },
      "forged",
    ],
    [
      "one that was good once",
      "ping",
      signed(ops, "ping", asked("ops", { expires: "2020-01-01T00:00:00Z" })),
      "expired",
    ],
  ])("%s", (_what, name, body, outcome) => {
    expect(judged(name, body)).toBe(outcome);
  });

  it("fields that nobody knows are signed too, in whatever order they come", () => {
    const body = signed(ops, "ping", asked("ops", { z: 1, a: { y: [1.0, -0, 1e21], b: "ė\u2028" } }));
    expect(judged("ping", Object.fromEntries(Object.entries(body).reverse()))).toBe("proved");
    expect(judged("ping", { ...body, z: 2 })).toBe("forged");
    expect(judged("ping", { ...body, other: 1 })).toBe("forged");
  });

  it("what is nested by thousands is refused, not fatal", () => {
    const deep = `{"id":"1","expires":"${new Date(NOW + 9_000).toISOString()}","by":"ops","sig":"${"A".repeat(86)}==","x":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
    expect(judged("ping", deep)).toBe("forged");
  });

  it("nothing that was changed after it was signed is run", () => {
    const body = signed(ops, "log.level", asked("ops", { level: "debug", minutes: 5 }));
    const json = JSON.stringify(body);
    expect(judged("log.level", json)).toBe("proved");
    fc.assert(
      fc.property(fc.nat(json.length - 1), fc.integer({ min: 1, max: 127 }), (at, bits) => {
        const changed = json.slice(0, at) + String.fromCharCode(json.charCodeAt(at) ^ bits) + json.slice(at + 1);
        expect(["drop", "forged", "forbidden", "unsigned"]).toContain(judged("log.level", changed));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the worked example of docs/commands.md", () => {
  const page = readFileSync(join(packageRoot(), "docs", "commands.md"), "utf8");
  const block = (mark: string): string =>
    new RegExp(`<!-- ${mark} -->\\n+\`\`\`\\w*\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1]?.trim() ?? "";

  it("has the bytes, the key and the signature that this program makes", () => {
    const body = JSON.parse(block("example: body")) as Body;
    const { sig, ...rest } = body;
    expect(signedBytes(PLACE, "restart", body).toString("utf8")).toBe(block("example: signed"));
    expect(signCommand(RFC_8032, PLACE, "restart", rest)).toBe(sig);
    expect(publicKeyLine(RFC_8032)).toBe(block("example: key"));
    expect(isSignedBy(publicKeyOf(block("example: key")), PLACE, "restart", body)).toBe(true);
  });

  it("begins with the key of RFC 8032", () => {
    const raw = Buffer.from(publicKeyLine(RFC_8032), "base64").subarray(-32).toString("hex");
    expect(raw).toBe("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  });
});

describe("settings", () => {
  it.each([
    ["a private key", "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g"],
    ["a key of another kind", "MCowBQYDK2VuAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],
    ["no key", "ops"],
  ])("%s is no public key", (_what, publicKey) => {
    const settings = CommandsConfig.safeParse({ principals: [{ name: "ops", publicKey, may: ["*"] }] });
    expect(settings.error?.issues[0]?.message).toMatch(/no Ed25519 public key/);
  });

  it("a name stands for one principal, and a command for one that there is", () => {
    const twice = { name: "ops", may: ["*"] };
    expect(CommandsConfig.safeParse({ principals: [twice, twice] }).success).toBe(false);
    expect(CommandsConfig.safeParse({ signed: ["camera.resum"] }).success).toBe(false);
  });
});
