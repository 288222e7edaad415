// The journal's real thread, made to crash at a chosen batch: before it is written, or after and before it is answered.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { Answer, Opening, Request } from "../../src/journal/protocol.ts";
import { type Port, serveJournal } from "../../src/journal/serve.ts";

/** Each life of the thread takes the first line of the plan, such as `before 2` or `after 1`; without a line it lives. */
function takeLine(plan: string): readonly [when: string, batch: number] {
  if (!existsSync(plan)) return ["never", 0];
  const [line = "", ...rest] = readFileSync(plan, "utf8").split("\n");
  writeFileSync(plan, rest.join("\n"));
  const [when = "never", batch = "0"] = line.split(" ");
  return [when, Number(batch)];
}

function crashing(port: NonNullable<typeof parentPort>, when: string, batch: number): Port {
  let batches = 0;
  let fatal: number | undefined;
  return {
    on: (event, listener) =>
      port.on(event, (request: Request) => {
        if (request.verb === "batch") {
          batches += 1;
          if (batches === batch && when === "before") throw new Error("crashed by the plan");
          if (batches === batch) fatal = request.ask;
        }
        listener(request);
      }),
    postMessage: (answer: Answer) => {
      if (when === "after" && "ask" in answer && answer.ask === fatal) process.exit(3);
      port.postMessage(answer);
    },
    close: () => port.close(),
  };
}

if (parentPort !== null) {
  const opening = workerData as Opening;
  serveJournal(crashing(parentPort, ...takeLine(`${opening.file}.plan`)), opening);
}
