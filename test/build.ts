// Builds dist/ once before the tests, because worker threads and the command line run from there.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What tsc answers when it wrote everything but has type errors to tell: `./scripts/test` counts those as a failure of its own. */
const WRITTEN_WITH_TYPE_ERRORS = 2;

export default function buildOnce(): void {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const tsc = ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"];
  const { status } = spawnSync(process.execPath, tsc, { cwd: root, stdio: "inherit" });
  if (status !== 0 && status !== WRITTEN_WITH_TYPE_ERRORS) throw new Error(`tsc ended with ${status}`);
}
