// Alerts: rules over presses, silence and devices; raised, acknowledged, resolved or escalated; one open per rule and place.
import type { AlertRule, AlertSettings, StaffButton } from "../config/alerts.ts";
import type { TouchpointConfig } from "../config/schema.ts";
import type { OpeningSpan } from "../config/weekly.ts";
import { Fault } from "../words/errors.ts";
import type { EventData, Fact } from "../words/events.ts";
import type { AlertInput, ButtonCondition, Input } from "../words/inputs.ts";
import { badgeSays } from "./alert-badge.ts";
import { Changes } from "./alert-life.ts";
import { lookBackMs, metBy } from "./alert-rules.ts";
import { type AlertRecord, type AlertState, inOrder, MOST_RATINGS, type Rating, restoreAlerts } from "./alert-state.ts";
import type { Decision, Moment } from "./decision.ts";
import { openSince } from "./opening-hours.ts";

export interface AlertsOfPlace {
  readonly settings: AlertSettings;
  /** IANA name of the time zone in which opening hours are meant. */
  readonly timeZone: string;
}
/** The part of the engine's settings that alerts rest on; without `alerts` there are none. */
export interface AlertEngineSettings {
  readonly touchpoints: readonly TouchpointConfig[];
  /** Of touchpoints that have none of their own; none: always open. */
  readonly openingHours?: readonly OpeningSpan[];
  readonly alerts?: AlertsOfPlace | undefined;
}
export interface AlertStep {
  readonly state: AlertState;
  readonly decision: Decision;
}
type PressFact = Extract<Fact, { type: "press" }>;

/** What changed within this time before a restart is told outside again: a receiver knows it by key and rev. */
const TELL_AGAIN_MS = 86_400_000;

/** State after a start. Alerts that were open still are; those whose rule is gone are resolved by it. */
export function startAlerts(
  settings: AlertEngineSettings,
  kept: Readonly<Record<string, unknown>>,
  moment: Moment,
): AlertStep {
  const restored = restoreAlerts(kept, moment);
  const changes = new Changes(settings, restored.state, moment);
  for (const key of restored.broken) changes.forget(key);
  for (const [name, record] of Object.entries(restored.state.alerts)) {
    if (ruleOf(settings, record) !== undefined) {
      if (moment.ms - record.changedMs < TELL_AGAIN_MS || record.state !== "resolved") changes.tellAgain(record);
      continue;
    }
    if (record.state !== "resolved") changes.resolve(record, "its rule was taken out of the configuration");
    changes.drop(name);
  }
  for (const [touchpoint, ratings] of Object.entries(restored.state.ratings))
    changes.setRatings(touchpoint, windowOf(settings, touchpoint, ratings, moment.ms));
  for (const { rule, touchpoint } of watches(settings)) {
    const camera = touchpoint.zone?.camera;
    if (rule.kind === "silence" && changes.state.pressedMs[touchpoint.id] === undefined)
      changes.setPressed(touchpoint.id, moment.ms);
    // Until its first picture a camera is away.
    if (rule.kind === "camera" && camera !== undefined && changes.state.awayMs[camera] === undefined)
      changes.setAway(camera, moment.ms);
  }
  return changes.end();
}

/**
 * One step. @param decision what was decided of the input so far: its press, and what fair play says of it
 */
export function stepAlerts(
  settings: AlertEngineSettings,
  state: AlertState,
  input: Input,
  decision: Decision,
  moment: Moment,
): AlertStep {
  if (settings.alerts === undefined) return { state, decision };
  const changes = new Changes(settings, state, moment, decision);
  for (const fact of decision.facts) if (fact.type === "judgement") judged(changes, fact.data);
  for (const fact of decision.facts) if (fact.type === "press") pressed(settings, changes, fact, decision, moment);
  switch (input.kind) {
    case "alert":
      seenTo(changes, input);
      break;
    case "scan":
      badged(settings, changes, decision, moment);
      break;
    case "condition":
      conditioned(settings, changes, input);
      break;
    case "seen":
      cameraIs(settings, changes, input.camera, "live", moment);
      break;
    case "camera":
      cameraIs(settings, changes, input.camera, input.live ? "live" : (input.cause ?? "away"), moment);
      break;
    case "tick":
      passed(settings, changes, moment);
      break;
    default:
      break;
  }
  return changes.end();
}

/** What a staff button says when it is pressed. */
export function staffWord({ pad, button, action, cause }: StaffButton, touchpoint: string, atMs: number): AlertInput {
  const said = cause === undefined ? {} : { cause };
  return { kind: "alert", action, touchpoint, by: `${pad}/${button}`.slice(0, 64), via: "button", ...said, atMs };
}

/** Every rule at every touchpoint that it watches. */
function watches(settings: AlertEngineSettings): { rule: AlertRule; touchpoint: TouchpointConfig }[] {
  return (settings.alerts?.settings.rules ?? []).flatMap((rule) =>
    settings.touchpoints
      .filter(({ id }) => rule.touchpoints?.includes(id) ?? true)
      .map((touchpoint) => ({ rule, touchpoint })),
  );
}

function ruleOf(settings: AlertEngineSettings, record: AlertRecord): AlertRule | undefined {
  return watches(settings).find(
    ({ rule, touchpoint }) => rule.id === record.rule && touchpoint.id === record.touchpoint,
  )?.rule;
}

/** Ratings that some rule at the touchpoint may still look back at. */
function windowOf(
  settings: AlertEngineSettings,
  touchpoint: string,
  ratings: readonly Rating[],
  nowMs: number,
): readonly Rating[] {
  const backMs = Math.max(
    0,
    ...watches(settings)
      .filter((watch) => watch.touchpoint.id === touchpoint)
      .map(({ rule }) => lookBackMs(rule)),
  );
  return ratings.filter(({ atMs }) => nowMs - atMs < backMs).slice(-MOST_RATINGS);
}

/** Presses that fair play speaks against count no more. */
function judged(changes: Changes, { presses }: EventData["judgement"]): void {
  for (const [touchpoint, ratings] of Object.entries(changes.state.ratings)) {
    const left = ratings.filter(({ id }) => !presses.includes(id));
    if (left.length < ratings.length) changes.setRatings(touchpoint, left);
  }
}

function pressed(
  settings: AlertEngineSettings,
  changes: Changes,
  press: PressFact,
  decision: Decision,
  moment: Moment,
): void {
  const { touchpoint, data } = press;
  if (touchpoint === undefined) return;
  const odd = data.flags.includes("stuck") || data.flags.includes("chatter");
  const against = decision.facts.some((fact) => fact.type === "judgement" && fact.data.presses.includes(press.id));
  if (odd || against) return;
  const here = watches(settings).filter((watch) => watch.touchpoint.id === touchpoint);
  if (data.value !== null && here.some(({ rule }) => lookBackMs(rule) > 0)) {
    const rating = { id: press.id, touchpoint, atMs: press.atMs, value: data.value };
    const ratings = inOrder([...(changes.state.ratings[touchpoint] ?? []), rating]);
    changes.setRatings(touchpoint, windowOf(settings, touchpoint, ratings, moment.ms));
  }
  // A press of the button shows that it is free again, whoever missed its release.
  changes.release(touchpoint, `${data.pad}/${data.button}`, "the button works again");
  for (const { rule } of here) {
    if (rule.kind === "silence") {
      changes.setPressed(touchpoint, Math.max(press.atMs, changes.state.pressedMs[touchpoint] ?? press.atMs));
      const silent = changes.open(rule.id, touchpoint);
      if (silent !== undefined) changes.resolve(silent, "a button was pressed");
      continue;
    }
    const afterMs = changes.record(rule.id, touchpoint)?.resolvedMs ?? Number.NEGATIVE_INFINITY;
    const counting = (changes.state.ratings[touchpoint] ?? []).filter(
      // What was seen to once is not held against the place again.
      ({ atMs }) => moment.ms - atMs < lookBackMs(rule) && atMs > afterMs,
    );
    const reason = metBy(rule, data, counting);
    if (reason !== undefined) changes.raise(rule, touchpoint, reason, { press: press.id });
  }
}

function seenTo(changes: Changes, input: AlertInput): void {
  const open = Object.values(changes.state.alerts)
    .filter(({ state }) => state !== "resolved")
    .filter(({ key, touchpoint }) => (input.key ?? key) === key && (input.touchpoint ?? touchpoint) === touchpoint)
    .filter(({ state }) => input.action === "resolve" || state !== "acknowledged")
    .sort((a, b) => a.raisedMs - b.raisedMs || (a.key < b.key ? -1 : 1));
  const [oldest] = open;
  if (oldest === undefined) {
    const which = input.key === undefined ? "alert" : `alert ${input.key}`;
    changes.refuse(new Fault("ALERT_UNKNOWN", `no ${which} is open that could be ${PAST[input.action]}`));
  } else if (input.action === "acknowledge") changes.acknowledge(oldest, input);
  else changes.resolve(oldest, input.cause, input);
}
const PAST = { acknowledge: "acknowledged", resolve: "resolved" } as const;

/** A badge says what {@link badgeSays} makes of it; the reading itself is among the facts. */
function badged(settings: AlertEngineSettings, changes: Changes, { facts }: Decision, moment: Moment): void {
  for (const { type, touchpoint, atMs, data } of facts) {
    if (type !== "scan" || data.kind !== "badge" || data.staff === undefined || touchpoint === undefined) continue;
    const action = badgeSays(settings, changes.state, touchpoint, data.staff, moment.ms);
    if (action === undefined || action === "again") continue;
    seenTo(changes, { kind: "alert", action, touchpoint, by: data.staff, via: "badge", atMs });
  }
}

function conditioned(settings: AlertEngineSettings, changes: Changes, input: ButtonCondition): void {
  const button = `${input.pad}/${input.button}`;
  changes.setUnwell(button, input.condition !== "ok");
  const touchpoint = settings.touchpoints.find(({ pads }) => pads.includes(input.pad))?.id;
  if (touchpoint === undefined) return;
  if (input.condition === "ok") {
    changes.release(touchpoint, button, "the button was released");
    changes.showAgain(input.pad);
  }
  if (input.condition !== "stuck") return;
  for (const watch of watches(settings))
    if (watch.rule.kind === "stuck" && watch.touchpoint.id === touchpoint)
      changes.raise(watch.rule, touchpoint, `button ${input.button} of pad ${input.pad} is stuck`, { about: button });
}

function cameraIs(
  settings: AlertEngineSettings,
  changes: Changes,
  camera: string,
  now: "live" | "away" | "paused",
  moment: Moment,
): void {
  // Who paused it knows that it sees nothing; whether it works is known when it is open again.
  const away = changes.state.awayMs[camera] !== undefined;
  if (away === (now === "away")) return;
  const here = watches(settings).filter(
    ({ rule, touchpoint }) => rule.kind === "camera" && touchpoint.zone?.camera === camera,
  );
  if (here.length === 0) return;
  changes.setAway(camera, now === "away" ? moment.ms : undefined);
  if (now !== "live") return;
  for (const { rule, touchpoint } of here) {
    const lost = changes.open(rule.id, touchpoint.id);
    if (lost !== undefined) changes.resolve(lost, "the camera is back");
  }
}

/** Time passed: silence, cameras that stay away, and limits that were missed. */
function passed(settings: AlertEngineSettings, changes: Changes, moment: Moment): void {
  for (const { rule, touchpoint } of watches(settings)) {
    const record = changes.record(rule.id, touchpoint.id);
    const open = record?.state === "resolved" ? undefined : record;
    const seenToMs = record?.resolvedMs ?? Number.NEGATIVE_INFINITY;
    if (rule.kind === "silence") {
      const hoursMs = openMs(settings, touchpoint, moment);
      const pressedMs = changes.state.pressedMs[touchpoint.id] ?? moment.ms;
      if (open !== undefined && hoursMs === undefined) changes.resolve(open, "the place has closed");
      else if (
        open === undefined &&
        hoursMs !== undefined &&
        moment.ms - Math.max(pressedMs, hoursMs, seenToMs) >= rule.afterS * 1000
      )
        changes.raise(rule, touchpoint.id, `no press for ${rule.afterS} s while the place is open`);
    }
    const camera = touchpoint.zone?.camera;
    if (rule.kind === "camera" && camera !== undefined && open === undefined) {
      const awayMs = changes.state.awayMs[camera];
      // Where the lights go out with the last customer, every night would raise one.
      const hoursMs = openMs(settings, touchpoint, moment);
      if (
        awayMs !== undefined &&
        hoursMs !== undefined &&
        moment.ms - Math.max(awayMs, hoursMs, seenToMs) >= rule.afterS * 1000
      )
        changes.raise(rule, touchpoint.id, `camera ${camera} has shown nothing for ${rule.afterS} s`);
    }
    if (open !== undefined) changes.remind(open, rule);
  }
}

/** Boottime milliseconds since when the place is open; undefined while it is closed. */
function openMs(
  { alerts, openingHours = [] }: AlertEngineSettings,
  touchpoint: TouchpointConfig,
  moment: Moment,
): number | undefined {
  if (alerts === undefined) return undefined;
  const sinceMs = openSince(touchpoint.openingHours ?? openingHours, alerts.timeZone, moment.unixMs);
  return sinceMs === undefined ? undefined : moment.ms - (moment.unixMs - sinceMs);
}
