// Builds dist/ once before the tests, because worker threads and the command line run from there.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export default function buildOnce(): void {
  execFileSync("npx", ["--no-install", "tsc", "-p", "tsconfig.build.json"], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    stdio: "inherit",
  });
}
