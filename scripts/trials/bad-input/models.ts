// Bad models: missing, damaged, another one; vision is degraded and the buttons go on.
import { createHash } from "node:crypto";
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../src/place.ts";
import { type Case, type Row, tryAll } from "./row.ts";
import { withFolder, withTill } from "./till.ts";

const FACE = "face-320x192/model.onnx";
const SIZE = { width: 320, height: 192, fps: 4, detect: ["face" as const] };

export async function modelRows(): Promise<Row[]> {
  return await tryAll("models", [
    model("a manifest that is not there", "MODEL_MISSING", (dir) => rmSync(join(dir, "manifest.json"))),
    model("a manifest that is no JSON", "MODEL_INVALID", (dir) => writeFileSync(join(dir, "manifest.json"), "{")),
    model("a manifest with a path out of its folder", "MODEL_INVALID", (dir) =>
      editManifest(dir, (text) => text.replace(FACE, "../secret.onnx")),
    ),
    model("a model that is not there", "MODEL_MISSING", (dir) => rmSync(join(dir, FACE))),
    model("one byte changed", "MODEL_HASH", (dir) => {
      const bytes = readFileSync(join(dir, FACE));
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      writeFileSync(join(dir, FACE), bytes);
    }),
    model("cut short", "MODEL_HASH", (dir) => truncateSync(join(dir, FACE), 10_000)),
    model("cut short, and the manifest says so", "MODEL_INVALID", (dir) =>
      replaceFace(dir, (bytes) => bytes.subarray(0, bytes.length / 2)),
    ),
    model("random bytes called .onnx, and the manifest says so", "MODEL_INVALID", (dir) =>
      replaceFace(dir, (bytes) => Buffer.alloc(bytes.length, createHash("sha256").update("noise").digest())),
    ),
    model("the expression model in the place of the face model", "MODEL_SHAPE", (dir) =>
      replaceFace(dir, () => readFileSync(join(dir, "expression-48/model.onnx"))),
    ),
    model("weights that are no numbers", "MODEL_OUTPUT", (dir) =>
      replaceFace(dir, (bytes) => {
        // All bits set is "not a number" in every float format, at whatever offset.
        const spoilt = Buffer.from(bytes);
        return spoilt.fill(0xff, spoilt.length >> 1, (spoilt.length >> 1) + 4_096);
      }),
    ),
  ]);
}

function model(tried: string, code: string, spoil: (modelsDir: string) => void): Case {
  return {
    tried,
    expected: `${code}, tried again; buttons go on`,
    run: () =>
      withFolder(async (modelsDir) => {
        cpSync(join(packageRoot(), "models"), modelsDir, { recursive: true });
        spoil(modelsDir);
        const cameras = [{ id: "door", source: { kind: "scene" as const }, ...SIZE }];
        return await withTill({ local: { modelsDir, cameras } }, async (till) => {
          return `${await till.degraded("vision")}, tried again; ${await till.buttonsGoOn()}`;
        });
      }),
  };
}

function editManifest(dir: string, edit: (text: string) => string): void {
  const file = join(dir, "manifest.json");
  writeFileSync(file, edit(readFileSync(file, "utf8")));
}

/** Puts other bytes in the place of the face model, with a manifest that vouches for them. */
function replaceFace(dir: string, change: (bytes: Buffer) => Buffer): void {
  const before = readFileSync(join(dir, FACE));
  const after = change(before);
  writeFileSync(join(dir, FACE), after);
  const sum = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
  editManifest(dir, (text) =>
    text.replace(sum(before), sum(after)).replace(`"bytes": ${before.length}`, `"bytes": ${after.length}`),
  );
}
