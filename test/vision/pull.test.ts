// Pulling models: whatever goes wrong on the way has a code, and what was installed stays as it was.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pullModels } from "../../src/cli/models-pull.ts";
import { readCatalogue } from "../../src/vision/models/catalogue.ts";
import { fetchModel, type Wanted } from "../../src/vision/models/fetch-model.ts";
import { type Arrival, arrivalFrom, installModel } from "../../src/vision/models/install.ts";
import { entryOf, readManifest, readModelFile } from "../../src/vision/models/manifest.ts";
import { selfTest } from "../../src/vision/models/self-test.ts";

const shipped = fileURLToPath(new URL("../../models", import.meta.url));
const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const manifest = readManifest(shipped);
const face = arrivalFrom(shipped, entryOf(manifest, "face-320x192"));
const hasNamespaces = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;

let folder: string;
let ends: (() => Promise<void>)[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pull-"));
  ends = [];
});
afterEach(async () => {
  for (const end of ends) await end();
  rmSync(folder, { recursive: true });
});

/** A real server on loopback; its address. */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ends.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

/** The face model, as if somebody else offered it. */
function wanted(url?: string): Wanted {
  const { name, bytes, sha256 } = face.entry;
  const source = { repository: "https://example.com/them", commit: "0".repeat(40), file: "face.onnx" };
  return { name, bytes, sha256, source: url === undefined ? source : { ...source, url } };
}

/** Every file of a folder and its content's hash. */
function contentOf(place: string): Record<string, string> {
  return Object.fromEntries(
    (readdirSync(place, { recursive: true }) as string[])
      .filter((name) => statSync(join(place, name)).isFile())
      .map((name) => [
        name,
        createHash("sha256")
          .update(readFileSync(join(place, name)))
          .digest("hex"),
      ]),
  );
}

describe("the bytes come", () => {
  test("from the authors' address, from a mirror with or without a slash, and from a folder", async () => {
    const asked: (string | undefined)[] = [];
    const address = await serve((request, response) => {
      asked.push(request.url);
      response.end(face.bytes);
    });
    writeFileSync(join(folder, "face.onnx"), face.bytes);
    const places = [undefined, `${address}/mirror`, `${address}/mirror/`, folder];
    for (const from of places) {
      const bytes = await fetchModel(wanted(`${address}/authors/face.onnx`), from);
      expect(Buffer.from(bytes).equals(face.bytes)).toBe(true);
    }
    expect(asked).toEqual(["/authors/face.onnx", "/mirror/face.onnx", "/mirror/face.onnx"]);
  });

  const changed = Buffer.from(face.bytes);
  changed[1000] = (changed[1000] ?? 0) ^ 1;
  const half = face.bytes.subarray(0, face.bytes.length >> 1);
  const answers: Record<string, { answer: RequestListener; code: string; stallMs?: number }> = {
    "one bit is another": { answer: (_, response) => response.end(changed), code: "MODEL_HASH" },
    "the file is cut short": { answer: (_, response) => response.end(half), code: "MODEL_HASH" },
    "the file goes on": {
      answer: (_, response) => response.end(Buffer.concat([face.bytes, Buffer.from("more")])),
      code: "MODEL_HASH",
    },
    "the file never ends": {
      answer: (_, response) => {
        const more = (): void => {
          if (response.write(face.bytes)) setImmediate(more);
          else response.once("drain", more);
        };
        more();
      },
      code: "MODEL_HASH",
    },
    "the line breaks": {
      answer: (request, response) => {
        response.writeHead(200, { "content-length": face.bytes.length });
        response.write(half, () => request.socket.destroy());
      },
      code: "MODEL_FETCH",
    },
    "it stops in the middle": { answer: (_, response) => void response.write(half), code: "MODEL_FETCH", stallMs: 200 },
    "nobody answers": { answer: () => undefined, code: "MODEL_FETCH", stallMs: 200 },
    "it is not there": { answer: (_, response) => response.writeHead(404).end(), code: "MODEL_FETCH" },
    "the server is broken": { answer: (_, response) => response.writeHead(500).end("oops"), code: "MODEL_FETCH" },
    "it is no HTTP": { answer: (request) => void request.socket.end("hello\r\n"), code: "MODEL_FETCH" },
  };
  for (const [what, { answer, code, stallMs }] of Object.entries(answers))
    test(`${what}: ${code}`, async () => {
      const address = await serve(answer);
      await expect(fetchModel(wanted(), address, stallMs)).rejects.toMatchObject({ code });
    });

  test("a redirect is told, not followed", async () => {
    let asked = 0;
    const elsewhere = await serve((_, response) => {
      asked += 1;
      response.end(face.bytes);
    });
    const address = await serve((_, response) => response.writeHead(302, { location: `${elsewhere}/x` }).end());
    await expect(fetchModel(wanted(), address)).rejects.toMatchObject({
      code: "MODEL_FETCH",
      message: expect.stringContaining(elsewhere),
    });
    expect(asked).toBe(0);
  });

  test("no server, no folder, no file, a file of another size, nobody offers it", async () => {
    const fails = async (from?: string) => await fetchModel(wanted(), from).catch(({ code }) => code);
    expect(await fails("http://127.0.0.1:1")).toBe("MODEL_FETCH");
    expect(await fails(join(folder, "no-stick"))).toBe("MODEL_FETCH");
    expect(await fails(folder)).toBe("MODEL_FETCH");
    writeFileSync(join(folder, "face.onnx"), half);
    expect(await fails(folder)).toBe("MODEL_HASH");
    expect(await fails()).toBe("MODEL_FETCH");
  });
});

describe("a model is installed", () => {
  test("beside the others, named last; another version takes its place and its file goes", async () => {
    const person = arrivalFrom(shipped, entryOf(manifest, "person-320x192"));
    await installModel(folder, face);
    await installModel(folder, person);
    expect(readManifest(folder).models.map(({ name }) => name)).toEqual(["face-320x192", "person-320x192"]);
    for (const entry of readManifest(folder).models) await selfTest(folder, entry);
    const files = Object.keys(contentOf(folder)).length;
    // The person model under the name of the face model: another file, the same place.
    const next = { ...person, entry: { ...person.entry, name: "face-320x192" } };
    await installModel(folder, next);
    expect(Object.keys(contentOf(folder))).toHaveLength(files);
    expect(entryOf(readManifest(folder), "face-320x192").sha256).toBe(person.entry.sha256);
    for (const entry of readManifest(folder).models) await selfTest(folder, entry);
  });

  test("a file that two entries share stays while one of them does", async () => {
    await installModel(folder, face);
    const { models } = readManifest(folder);
    const twin = { ...entryOf({ version: 1, models }, "face-320x192"), name: "twin" };
    writeFileSync(join(folder, "manifest.json"), JSON.stringify({ version: 1, models: [...models, twin] }));
    const person = arrivalFrom(shipped, entryOf(manifest, "person-320x192"));
    await installModel(folder, { ...person, entry: { ...person.entry, name: "face-320x192" } });
    for (const entry of readManifest(folder).models) await selfTest(folder, entry);
  });

  /** The same model with numbers that are none among its weights. */
  function withoutNumbers(): Buffer {
    const bytes = Buffer.from(face.bytes);
    bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 4_096);
    return bytes;
  }
  const wrong: Record<string, { arrival: () => Arrival; code: string }> = {
    "a text": { arrival: () => ({ ...face, bytes: Buffer.from("no model") }), code: "MODEL_INVALID" },
    "half a file": { arrival: () => ({ ...face, bytes: face.bytes.subarray(0, 1000) }), code: "MODEL_INVALID" },
    "another input": {
      arrival: () => ({ ...face, entry: { ...face.entry, input: { ...face.entry.input, width: 640 } } }),
      code: "MODEL_SHAPE",
    },
    "another model": {
      arrival: () => ({ ...face, bytes: readModelFile(shipped, entryOf(manifest, "expression-48")) }),
      code: "MODEL_SHAPE",
    },
    "weights that are no numbers": { arrival: () => ({ ...face, bytes: withoutNumbers() }), code: "MODEL_OUTPUT" },
  };
  for (const [what, { arrival, code }] of Object.entries(wrong))
    test(`${what}: ${code}, and nothing is replaced`, async () => {
      await installModel(folder, face);
      const before = contentOf(folder);
      await expect(installModel(folder, arrival())).rejects.toMatchObject({ code });
      expect(contentOf(folder)).toEqual(before);
    });

  test("not into a folder whose manifest is broken, nor where a file is in the way", async () => {
    writeFileSync(join(folder, "manifest.json"), "{");
    await expect(installModel(folder, face)).rejects.toMatchObject({ code: "MODEL_INVALID" });
    expect(readdirSync(folder)).toEqual(["manifest.json"]);
    writeFileSync(join(folder, "file"), "");
    for (const place of [join(folder, "file"), join(folder, "no/such/folder")])
      await expect(installModel(place, face)).rejects.toMatchObject({ code: "MODEL_WRITE" });
  });

  test.skipIf(!hasNamespaces)("on a full disk: MODEL_WRITE, and what fitted works (needs mount namespaces)", () => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    const list = `node ${main} models list --json --models-dir ${disk}/models`;
    const script = `mount -t tmpfs -o size=1500k none ${disk}; node ${main} models pull face-320x192 --models-dir ${disk}/models; echo "status $?"; ${list}; find ${disk} -type f`;
    const { stdout, stderr } = spawnSync("unshare", ["-rm", "sh", "-c", script], { encoding: "utf8" });
    expect(stderr).toContain("MODEL_WRITE");
    expect(stderr).toContain("ENOSPC");
    expect(stdout).toContain("status 1");
    const listed = JSON.parse(stdout.split("\n").find((line) => line.startsWith("[")) ?? "");
    expect(listed.map(({ name, ok }: Record<string, unknown>) => [name, ok])).toEqual([["face-320x192", true]]);
    expect(stdout).not.toContain(".new");
  });
});

describe("the verb", () => {
  const pull = async (...names: string[]) => {
    const told: string[] = [];
    await pullModels(names, { modelsDir: join(folder, "models"), from: folder }, ({ name }) => told.push(name));
    return told;
  };

  test("a folder that is begun gets the shipped models, later only what is asked for", async () => {
    const all = manifest.models.map(({ name }) => name);
    expect(await pull("face-320x192")).toEqual(all);
    expect(await pull("face-320x192")).toEqual(["face-320x192"]);
    const modelsDir = join(folder, "models");
    expect(
      readManifest(modelsDir)
        .models.map(({ name }) => name)
        .toSorted(),
    ).toEqual(all.toSorted());
    for (const entry of readManifest(modelsDir).models)
      expect(readFileSync(join(modelsDir, entry.card), "utf8")).toContain(`# ${entry.name}`);
  });

  test("an unknown name, and the program's own folder, before anything is done", async () => {
    await expect(pull("face-320x192", "nobody")).rejects.toMatchObject({ code: "MODEL_UNKNOWN" });
    expect(existsSync(join(folder, "models"))).toBe(false);
    const own = pullModels(["face-320x192"], { modelsDir: shipped, from: undefined }, () => undefined);
    await expect(own).rejects.toMatchObject({ code: "MODEL_FOLDER" });
  });

  test("without a name it lists what is known, each with its licence; without a folder of one's own it ends with 78", () => {
    const lines = execFileSync(process.execPath, [main, "models", "pull", "--json"], { encoding: "utf8" });
    const listed = lines
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(listed.map(({ name }) => name)).toEqual(readCatalogue(shipped).map(({ name }) => name));
    for (const { licence, source } of listed)
      expect([licence, source.repository].every((text) => text !== "")).toBe(true);
    expect(spawnSync(process.execPath, [main, "models", "pull", "yunet-320x192"]).status).toBe(78);
  });
});

test("the catalogue: names of its own, and addresses that can only mean one file", () => {
  const names = readCatalogue(shipped).map(({ name }) => name);
  const all = [...names, ...manifest.models.map(({ name }) => name)];
  expect(new Set(all).size).toBe(all.length);
  for (const { source } of readCatalogue(shipped))
    if (source.url !== undefined) {
      expect(source.url).toContain(source.commit);
      expect(source.url.endsWith(`/${source.file}`)).toBe(true);
    }
});
