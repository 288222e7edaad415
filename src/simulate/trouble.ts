// What goes wrong on a day: pranks, a covered camera, a cable that is out, a stuck button, complaints that somebody must see to.

import type { Script } from "./script.ts";
import { CALLS_MANAGER, CAMERA, CAMERA_AWAY_S, ESCALATE_AFTER_S, PADS } from "./shop.ts";
import { FORGOTTEN_S } from "./staff.ts";
import { visit } from "./visit.ts";

const [LEFT = "", RIGHT = ""] = PADS["till-1"];
const [SECOND = ""] = PADS["till-2"];
const [THIRD = ""] = PADS["till-3"];
const [FOURTH = ""] = PADS["till-4"];

export function goWrong(script: Script): void {
  cleanAtNight(script);
  coverCamera(script);
  loseCable(script);
  prank(script);
  strayPresses(script);
  stick(script);
  complain(script);
}

/** A cloth on a button while the shop is shut and the clock is not set yet. */
function cleanAtNight(script: Script): void {
  script.press(LEFT, "3", script.at("00:04", 30));
  script.truth["till-1"].flagged += 1;
}

/** For an hour nobody can say who stands there; one customer is standing there when it begins. */
function coverCamera(script: Script): void {
  const [fromMs, toMs] = [script.at("10:00"), script.at("11:00")];
  script.covered.push({ fromMs, toMs });
  for (const till of ["till-1", "till-2"] as const) {
    script.reserve(till, fromMs - 30_000, fromMs + 15_000);
    script.reserve(till, toMs - 15_000, toMs + 15_000);
  }
  for (const [live, atMs] of [
    [false, fromMs],
    [true, toMs],
  ] as const)
    script.say({ kind: "camera", camera: CAMERA, live, atMs });
  visit(script, "till-1", { fromMs: fromMs - 9_000, toMs: fromMs - 1 }, { opinion: 3, does: "presses", cut: true });
  const { alerts } = script.truth["till-1"];
  alerts.raised += 1;
  alerts.resolvedMs.push(toMs - fromMs - CAMERA_AWAY_S * 1_000);
}

/** Two press while the cable is out: their presses come when their episodes have been told as silent. */
function loseCable(script: Script): void {
  const fromMs = script.at("13:00");
  const backMs = fromMs + 50_000;
  script.reserve("till-1", fromMs - 30_000, backMs + 30_000);
  for (const [i, opinion] of [2, 4].entries()) {
    const cameMs = fromMs + 2_000 + i * 18_000;
    visit(
      script,
      "till-1",
      { fromMs: cameMs, toMs: cameMs + 10_000 },
      { opinion, does: "presses", pad: RIGHT, reachesMs: backMs + i * 100 },
    );
  }
}

/** Somebody hammers one button, somebody else runs a hand over all. */
function prank(script: Script): void {
  const hammers = script.at("16:10");
  const times = script.whole(15, 30);
  script.reserve("till-1", hammers - FORGOTTEN_S * 1_000, hammers + 16_000 + FORGOTTEN_S * 1_000);
  script.stands("till-1", { fromMs: hammers, toMs: hammers + 16_000 });
  for (let i = 0; i < times; i += 1) script.press(LEFT, "1", hammers + 2_000 + i * 400);
  const sweeps = script.at("16:20");
  script.reserve("till-2", sweeps - 20_000, sweeps + 30_000);
  script.stands("till-2", { fromMs: sweeps, toMs: sweeps + 9_000 });
  for (const [i, button] of ["1", "2", "3", "4"].entries()) script.press(SECOND, button, sweeps + 3_000 + i * 300);
  for (const [till, judged] of [
    ["till-1", times],
    ["till-2", 4],
  ] as const) {
    script.truth[till].judged += judged;
    // They stood there and said nothing that counts.
    script.truth[till].contacts.silent += 1;
  }
}

/** Presses with nobody there, and with nobody served. */
function strayPresses(script: Script): void {
  const alone = script.at("12:40");
  script.reserve("till-2", alone - 15_000, alone + 20_000);
  script.press(SECOND, "4", alone);
  script.truth["till-2"].judged += 1;
  for (const time of ["11:30", "16:30"]) {
    const atMs = script.at(time);
    // A window that was not closed is open for its time limit.
    script.reserve("till-3", atMs - 330_000, atMs + 5_000);
    script.press(THIRD, "1", atMs);
    script.truth["till-3"].flagged += 1;
  }
}

function stick(script: Script): void {
  const atMs = script.at("12:10");
  const lastsMs = script.whole(60, 240) * 1_000;
  script.reserve("till-4", atMs - 10_000, atMs + lastsMs + 5_000);
  const condition = { kind: "condition", pad: FOURTH, button: "2" } as const;
  script.say({ ...condition, condition: "stuck", atMs });
  script.say({ ...condition, condition: "ok", atMs: atMs + lastsMs });
  const { alerts } = script.truth["till-4"];
  alerts.raised += 1;
  alerts.resolvedMs.push(lastsMs);
}

/** In the angry spell some call the manager, who comes soon, late, or not at all. */
function complain(script: Script): void {
  const { alerts } = script.truth["till-2"];
  const call = (atMs: number): number | undefined => {
    script.reserve("till-2", atMs - 10_000, atMs + 15_000);
    const stretch = { fromMs: atMs, toMs: atMs + 9_000 };
    return visit(script, "till-2", stretch, { opinion: 1, does: "presses", reason: CALLS_MANAGER });
  };
  const see = (action: "acknowledge" | "resolve", atMs: number): void =>
    script.say({ kind: "alert", action, touchpoint: "till-2", by: "manager", via: "http", atMs });
  for (const [startS, again, reactS, resolveS] of [
    [120, false, script.whole(20, 90), script.whole(120, 240)],
    // A second one while the first is open: one alert.
    [540, true, script.whole(150, 200), script.whole(240, 400)],
    [1_080, false, ESCALATE_AFTER_S + script.whole(30, 120), script.whole(500, 700)],
    [1_920, false, undefined, undefined],
  ] as const) {
    const atMs = script.at("17:00", startS);
    const raisedMs = call(atMs);
    if (again) call(atMs + 60_000);
    alerts.raised += 1;
    if (reactS === undefined || resolveS === undefined || raisedMs === undefined) alerts.open += 1;
    else {
      see("acknowledge", raisedMs + reactS * 1_000);
      see("resolve", raisedMs + resolveS * 1_000);
      alerts.reactedMs.push(reactS * 1_000);
      alerts.resolvedMs.push(resolveS * 1_000);
    }
    if ((reactS ?? Number.POSITIVE_INFINITY) > ESCALATE_AFTER_S) alerts.escalated += 1;
  }
}
