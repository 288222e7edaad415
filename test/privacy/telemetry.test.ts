// The inference runtime tells nobody anything, and nothing writes the program's memory to disk.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Finding } from "../../src/doctor/finding.ts";
import { builtUrl, packageRoot } from "../../src/place.ts";

/** Names as they stand in the symbol table of a program or library, each between two zero bytes. */
const NETWORK = ["socket", "connect", "getaddrinfo", "sendto", "sendmsg", "curl_easy_init", "SSL_connect", "SSL_write"];
/** What the maker's telemetry client would bring along: its name, its collector, its identifiers of device and session. */
const TELEMETRY = [
  "events.data.microsoft.com",
  "vortex.data.microsoft",
  "applicationinsights",
  "OneCollector",
  "Microsoft::Applications::Events",
  "MicrosoftTelemetry.Client",
  "telemetrydeviceid",
  "x-apikey",
];

const folder = join(packageRoot(), "node_modules", "onnxruntime-node", "bin", "napi-v6", "linux");
const libraries = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
  /\.(so|node)(\.|$)/.test(path),
);

function symbolsIn(file: string, names: readonly string[]): string[] {
  const bytes = readFileSync(file);
  return names.filter((name) => bytes.includes(`\0${name}\0`, 0, "latin1"));
}

describe("the inference runtime", () => {
  it("is there for the processors it is shipped for", () => {
    expect(libraries.sort()).toEqual([
      "arm64/libonnxruntime.so.1",
      "arm64/onnxruntime_binding.node",
      "x64/libonnxruntime.so.1",
      "x64/onnxruntime_binding.node",
    ]);
  });

  it("can be searched this way: Node itself, which speaks to networks, shows it", () => {
    expect(symbolsIn(process.execPath, NETWORK)).toEqual(expect.arrayContaining(["socket", "connect", "getaddrinfo"]));
    expect(symbolsIn(join(folder, "x64/libonnxruntime.so.1"), ["OrtGetApiBase"])).toEqual(["OrtGetApiBase"]);
  });

  it.each(libraries)("%s calls nothing that reaches a network and carries no telemetry client", (library) => {
    const file = join(folder, library);
    expect(symbolsIn(file, NETWORK)).toEqual([]);
    const text = readFileSync(file).toString("latin1").toLowerCase();
    expect(TELEMETRY.filter((mark) => text.includes(mark.toLowerCase()))).toEqual([]);
  });

  it("opens no socket and loads no network library while it works", () => {
    const program = `
      import { readdirSync, readFileSync, readlinkSync } from "node:fs";
      const link = (fd) => { try { return readlinkSync("/proc/self/fd/" + fd); } catch { return ""; } };
      const seen = () => {
        const maps = readFileSync("/proc/self/maps", "utf8");
        return {
          runtime: maps.includes("libonnxruntime.so"),
          sockets: readdirSync("/proc/self/fd").filter((fd) => link(fd).startsWith("socket:")).length,
          libraries: [...new Set(maps.match(/lib(curl|ssl|crypto|gnutls|nss)[^\\s/]*/g) ?? [])],
        };
      };
      const before = seen();
      const { selfTest } = await import(${JSON.stringify(builtUrl("vision/models/self-test.js").href)});
      const { readManifest } = await import(${JSON.stringify(builtUrl("vision/models/manifest.js").href)});
      const models = ${JSON.stringify(join(packageRoot(), "models"))};
      for (const entry of readManifest(models).models) await selfTest(models, entry);
      console.log(JSON.stringify({ before, after: seen() }));`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    expect(stderr).toBe("");
    const { before, after } = JSON.parse(stdout);
    expect(after).toEqual({ ...before, runtime: true });
    expect(before.runtime).toBe(false);
  });
});

describe("the launcher", () => {
  it("turns core dumps and reports off, whatever the surroundings ask for", () => {
    const { stdout } = spawnSync(
      "sh",
      ["-c", `ulimit -S -c "$(ulimit -H -c)"; exec bin/touchpoint doctor --json --config config/gpio.yaml`],
      {
        cwd: packageRoot(),
        encoding: "utf8",
        env: { ...process.env, NODE_OPTIONS: "--report-on-fatalerror --report-uncaught-exception" },
      },
    );
    const findings = JSON.parse(stdout) as Finding[];
    expect(findings.find(({ name }) => name === "core dumps")).toMatchObject({
      status: "ok",
      message: "core dumps and reports are off",
    });
  });

  it("is needed for that: without it the doctor sees a report that is on", () => {
    const main = builtUrl("cli/main.js").pathname;
    const { stdout } = spawnSync(
      process.execPath,
      ["--report-on-fatalerror", main, "doctor", "--json", "--config", "config/gpio.yaml"],
      { cwd: packageRoot(), encoding: "utf8" },
    );
    const findings = JSON.parse(stdout) as Finding[];
    expect(findings.find(({ name }) => name === "core dumps")?.status).toBe("failed");
  });
});
