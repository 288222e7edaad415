// Prints how many inputs a second the engine decides on, over a simulated day, beside reading the same inputs only.
import { z } from "zod";
import { liveDay } from "../src/simulate/live.ts";
import { planDay } from "../src/simulate/plan.ts";
import { shop } from "../src/simulate/shop.ts";
import {
  ActivityInput,
  AlertInput,
  ButtonCondition,
  CameraState,
  PressInput,
  ScanInput,
  Seen,
  ServiceInput,
  ShiftInput,
  SurveyInput,
  TransactionInput,
} from "../src/words/inputs.ts";
import { tell } from "./figure.ts";

const Tick = z.object({ kind: z.literal("tick"), atMs: z.number() });
const Any = z.discriminatedUnion("kind", [
  Tick,
  PressInput,
  ScanInput,
  ButtonCondition,
  Seen,
  CameraState,
  TransactionInput,
  ShiftInput,
  ServiceInput,
  ActivityInput,
  SurveyInput,
  AlertInput,
]);
/** A till never has more than some hundred inputs a second: thirty frames, a few ticks, a press. */
const AIM = 5_000;
const RUNS = 3;

const config = shop();
const plan = planDay({ seed: 1, date: "2026-11-24", customers: 3_000 });
const lines = plan.inputs.map(({ input }) => JSON.stringify(input));
const perSecond = (work: () => void): number => {
  const runs = Array.from({ length: RUNS }, () => {
    const from = performance.now();
    work();
    return performance.now() - from;
  });
  return (lines.length / Math.min(...runs)) * 1_000;
};
const bare = perSecond(() => {
  for (const line of lines) Any.parse(JSON.parse(line));
});
let events = 0;
const ours = perSecond(() => {
  events = liveDay(plan, config).reduce((sum, { events: told }) => sum + told.length, 0);
});
console.log(
  `${lines.length} inputs of a day, ${events} events: ${Math.round(ours)} inputs/s decided and stamped, ` +
    `${Math.round(bare)} inputs/s read and checked only`,
);
tell({
  name: `engine, ${lines.length} inputs of a day`,
  ours: `${Math.round(ours)} inputs/s`,
  bare: `${Math.round(bare)} inputs/s read`,
  ratio: ours / bare,
  aim: `≥ ${AIM} inputs/s`,
  met: ours >= AIM && events > 0,
});
