// The people who work there: shifts by badge and by caller, attempts to sell, the green button at closing time.

import type { Script } from "./script.ts";
import { BADGE_READER, CLOSES, OPENS, PADS, type Till } from "./shop.ts";

/** A change of shift is kept apart from customers by so much, seconds. */
const APART_S = 20;
/** Presses this far apart have nothing to do with one another by the rules of fair play, seconds. */
export const FORGOTTEN_S = 75;

export function work(script: Script): void {
  onDuty(script, "till-1", "anna", "07:50", "14:00");
  onDuty(script, "till-1", "jonas", "14:00", "20:10");
  for (const [code, time] of [
    ["S-1", "07:50"],
    // Whose badge is another's begins, whose is one's own ends.
    ["S-2", "14:00"],
    ["S-2", "20:10"],
  ] as const)
    script.say({ kind: "scan", pad: BADGE_READER, code, atMs: script.at(time) });
  for (const [till, staff, from, to, saysEnd] of [
    ["till-2", "maria", "07:50", "20:10", true],
    ["till-3", "petras", "07:50", "13:30", false],
    ["till-3", "ruta", "13:30", "20:10", true],
    ["till-4", "lina", "07:50", "15:00", true],
    ["till-4", "tomas", "15:20", "20:10", true],
  ] as const) {
    onDuty(script, till, staff, from, to);
    const shift = { kind: "shift", touchpoint: till, staff, source: "api" } as const;
    script.say({ ...shift, action: "start", atMs: script.at(from) });
    if (saysEnd) script.say({ ...shift, action: "end", atMs: script.at(to) });
  }
  sell(script);
  pushGreen(script);
}

function onDuty(script: Script, till: Till, staff: string, from: string, to: string): void {
  script.shifts[till].push({ staff, span: { fromMs: script.at(from), toMs: script.at(to) } });
  for (const time of [from, to]) script.reserve(till, script.at(time, -APART_S), script.at(time, APART_S));
}

function sell(script: Script): void {
  const { attempts } = script.truth["till-4"];
  const [pad = ""] = PADS["till-4"];
  const lastMs = script.at(CLOSES, -1_800);
  let atMs = script.at(OPENS, 60);
  while (atMs < lastMs) {
    script.press(pad, "begin", atMs);
    const lastsMs = script.whole(20_000, 400_000);
    attempts.count += 1;
    // An end that nobody says is said by the next beginning, or by the time limit.
    if (!script.chance(0.06)) {
      const sold = script.chance(0.35);
      script.press(pad, sold ? "sold" : "not-sold", atMs + lastsMs);
      if (sold) attempts.sales += 1;
      attempts.sellingMs.push(lastsMs);
    }
    atMs += lastsMs + script.whole(30_000, 700_000);
  }
}

function pushGreen(script: Script): void {
  const [pad = ""] = PADS["till-4"];
  const fromMs = script.at(CLOSES, -300);
  script.reserve("till-4", fromMs - FORGOTTEN_S * 1_000, script.at(CLOSES));
  const times = script.whole(9, 14);
  for (let i = 0; i < times; i += 1) script.press(pad, "4", fromMs + i * 3_000);
  script.truth["till-4"].judged += times;
}
