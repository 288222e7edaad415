// Somebody who presses, in a process of its own: `presser.js PORT`; ends when its parent says so, with what was acknowledged.
import { startPressing } from "../scripts/trials/press-stream.ts";
import { createFakePad } from "../test/fakes/pad.ts";

const pad = await createFakePad(process.argv[2] ?? "", "P1", `b${process.pid}`);
const stream = startPressing(pad, 1);
process.on("disconnect", () => process.exit(0));
process.on("message", () => {
  stream.stop();
  process.send?.({ presses: stream.count(), acknowledged: pad.acknowledged.size });
});
