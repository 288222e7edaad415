// The config and doctor verbs as a technician uses them: what they print, and how they end.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { configJsonSchema } from "../../src/config/json-schema.ts";
import { packageRoot } from "../../src/place.ts";
import { touchpoint } from "../fakes/program.ts";

let folder = "";
let good = "";
let bad = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "touchpoint-verbs-"));
  good = join(folder, "good.yaml");
  bad = join(folder, "bad.yaml");
  const text = `version: 1\nlocal:\n  device: till-1\n  site: shop\n  dataDir: ${folder}/data\n  pads: [{ id: p1, driver: simulated }]\nfleet:\n  touchpoints:\n    - { id: t, pads: [p1], question: { id: q, buttons: { "1": 1 } } }\n`;
  writeFileSync(good, text);
  writeFileSync(bad, text.replace("till-1", "Till 1").replace("site:", "sight:"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("config check", () => {
  it("says that a good file is good", () => {
    expect(touchpoint("config", "check", "--config", good)).toMatchObject({ status: 0, stdout: `${good}: good\n` });
    expect(JSON.parse(touchpoint("config", "check", "--config", good, "--json").stdout)).toEqual({
      file: good,
      ok: true,
      mistakes: [],
    });
  });

  it("names every mistake by file, line and column, and ends with 78", () => {
    const { status, stdout } = touchpoint("config", "check", "--config", bad);
    expect(status).toBe(78);
    expect(stdout).toContain(`${bad}:3:3 local.device: `);
    expect(stdout).toContain(`${bad}:4:3 local.sight: unknown key`);
    const json = touchpoint("config", "check", "--config", bad, "--json");
    expect(json.status).toBe(78);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, code: "CONFIG_INVALID" });
    expect(JSON.parse(json.stdout).mistakes).toContainEqual({
      path: "local.site",
      line: 2,
      column: 1,
      message: "is missing",
    });
  });

  it("ends with 78 where there is no file, and with 2 where the command is wrong", () => {
    expect(touchpoint("config", "check", "--config", join(folder, "none.yaml"))).toMatchObject({ status: 78 });
    expect(touchpoint("config", "chekc").status).toBe(2);
  });
});

it("config show prints what is in force, and is itself a good configuration", () => {
  const shown = touchpoint("config", "show", "--config", good);
  expect(parse(shown.stdout)).toMatchObject({
    local: { logLevel: "info", pads: [{ id: "p1" }] },
    fleet: { mood: { k: 5 } },
  });
  const again = join(folder, "again.yaml");
  writeFileSync(again, shown.stdout);
  expect(touchpoint("config", "check", "--config", again).status).toBe(0);
  expect(JSON.parse(touchpoint("config", "show", "--config", good, "--json").stdout)).toEqual(parse(shown.stdout));
  expect(touchpoint("config", "show", "--config", bad).status).toBe(78);
});

it("config schema prints the JSON Schema", () => {
  expect(JSON.parse(touchpoint("config", "schema").stdout)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
});

describe("config init without a terminal", () => {
  it("writes a file that is good, and never over another", () => {
    const file = join(folder, "first.yaml");
    const flags = ["config", "init", "--config", file, "--device", "till-9", "--site", "shop"];
    expect(touchpoint(...flags, "--broker", "mqtt://broker.example", "--buttons", "5").status).toBe(0);
    expect(touchpoint("config", "check", "--config", file).status).toBe(0);
    const second = touchpoint(...flags);
    expect(second).toMatchObject({ status: 1 });
    expect(second.stderr).toContain("CONFIG_EXISTS");
    expect(touchpoint(...flags, "--force").status).toBe(0);
  });

  it("says which flags it needs, and refuses answers that are not allowed", () => {
    const file = join(folder, "never.yaml");
    expect(touchpoint("config", "init", "--config", file)).toMatchObject({ status: 2 });
    expect(
      touchpoint("config", "init", "--config", file, "--device", "d", "--site", "s", "--buttons", "99").status,
    ).toBe(2);
    expect(touchpoint("config", "init", "--config", file, "--device", "d", "--site", "The Shop").status).toBe(78);
    expect(touchpoint("config", "check", "--config", file).stdout).toContain("ENOENT");
  });
});

describe("config init on a terminal", () => {
  /** `script` gives the program a real terminal; what is typed comes all at once, as from a paste. */
  const typed = (file: string, input: string): number | null =>
    spawnSync("script", ["-qec", `bin/touchpoint config init --config ${file}`, "/dev/null"], {
      cwd: packageRoot(),
      encoding: "utf8",
      input,
      timeout: 50_000,
    }).status;

  it("asks, proposes, and writes what was answered", () => {
    const file = join(folder, "asked.yaml");
    const answers = ["Till 7", "", "UTC", "", "/dev/ttyS0", "none", "Is all well?", "3", ""];
    expect(typed(file, answers.join("\n"))).toBe(0);
    const { local, fleet } = JSON.parse(touchpoint("config", "show", "--config", file, "--json").stdout);
    expect(local).toMatchObject({ device: "till-7", site: "shop-1", pads: [{ driver: "serial", port: "/dev/ttyS0" }] });
    expect(local.broker).toBeUndefined();
    expect(fleet.touchpoints[0].question).toMatchObject({ text: "Is all well?", max: 3 });
  });

  it("writes nothing where the person stops in the middle", () => {
    const file = join(folder, "stopped.yaml");
    expect(typed(file, "till-7\n\u0004")).toBe(1);
    expect(existsSync(file)).toBe(false);
  });
});

describe("doctor", () => {
  it("looks at everything, and ends with 1 only where something failed", () => {
    const { status, stdout } = touchpoint("doctor", "--config", good, "--json");
    const findings = JSON.parse(stdout) as { name: string; status: string }[];
    const failed = findings.filter((finding) => finding.status === "failed");
    expect(status).toBe(failed.length === 0 ? 0 : 1);
    const names = findings.map(({ name }) => name);
    for (const name of [
      "config",
      "node",
      "core dumps",
      "clock",
      "disk space",
      "simulated p1",
      "journal",
      "broker",
      "service",
    ])
      expect(names).toContain(name);
    // The launcher itself turns them off.
    expect(findings.find(({ name }) => name === "core dumps")?.status).toBe("ok");
  });

  it("says how to mend a bad configuration", () => {
    const { status, stdout } = touchpoint("doctor", "--config", bad);
    expect(status).toBe(1);
    expect(stdout).toContain("CONFIG_INVALID");
    expect(stdout).toContain("→ Mend each path listed");
  });
});
