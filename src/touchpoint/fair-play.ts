// Fair play: which presses are not what they seem. Pure; the same rules live and, with other settings, over journaled events.
import type { FairPlaySettings } from "../config/fair-play.ts";
import type { ZoneConfig } from "../config/schema.ts";
import type { FaultCode } from "../words/errors.ts";
import { type Envelope, EVENT_DATA, type EventData } from "../words/events.ts";

export type FairPlayRules = FairPlaySettings;
export type Judgement = EventData["judgement"] & { readonly touchpoint: string };
/** A touchpoint as fair play sees it. */
export interface Place {
  readonly id: string;
  readonly zone?: ZoneConfig | undefined;
}

/** A press that later ones may still be judged with. Times are milliseconds on any one axis. */
export interface RecentPress {
  readonly id: string;
  readonly atMs: number;
  readonly button: string;
  readonly value: number | null;
  readonly verdicts: readonly Judgement["verdict"][];
}

interface ZoneSeen {
  readonly occupied: boolean;
  readonly emptySinceMs: number;
  /** Presses with nobody there so far: an episode may still claim them. */
  readonly alone: readonly { readonly id: string; readonly atMs: number }[];
}

export interface FairPlayState {
  /** By pad, in the order they came. */
  readonly pads: Readonly<Record<string, readonly RecentPress[]>>;
  /** By touchpoint. */
  readonly zones: Readonly<Record<string, ZoneSeen>>;
}

export const NO_FAIR_PLAY: FairPlayState = { pads: {}, zones: {} };

/** What fair play is told, in the order it happened. */
export type Told =
  | {
      readonly kind: "press";
      readonly id: string;
      readonly touchpoint: string;
      readonly atMs: number;
      readonly data: EventData["press"];
    }
  | { readonly kind: "presence"; readonly touchpoint: string; readonly atMs: number; readonly occupied: boolean }
  | { readonly kind: "contact"; readonly touchpoint: string; readonly data: EventData["contact"] }
  /** The camera is away: whether somebody was there nobody can say any more. */
  | { readonly kind: "away"; readonly camera: string };

/** Most presses of one pad that are remembered; settings cannot ask for more. */
const MOST_RECENT = 64;
/** Events of an episode come with the ticks: this much later than its times, milliseconds. */
const MARGIN_MS = 1_000;
const NEVER_SEEN: ZoneSeen = { occupied: false, emptySinceMs: Number.NEGATIVE_INFINITY, alone: [] };

export interface FairPlayStep {
  readonly state: FairPlayState;
  readonly judgements: readonly Judgement[];
}

/**
 * Judges journaled events anew.
 * @param events in the order of their `seq`, of one device; other types than press, presence, contact and health do no harm
 * @param touchpoints as they were configured: their zones say how long an episode may take to claim a press
 */
export function judge(
  events: Iterable<Pick<Envelope, "id" | "type" | "time" | "touchpoint" | "data">>,
  policy: FairPlaySettings,
  touchpoints: readonly Place[],
): Judgement[] {
  let state = NO_FAIR_PLAY;
  const judgements: Judgement[] = [];
  const take = (step: FairPlayStep): void => {
    state = step.state;
    judgements.push(...step.judgements);
  };
  let nowMs = Number.NEGATIVE_INFINITY;
  for (const event of events) {
    nowMs = Math.max(nowMs, Date.parse(event.time));
    take(elapse(policy, touchpoints, state, nowMs));
    const told = toldBy(event);
    if (told !== undefined) take(hear(policy, touchpoints, state, told));
  }
  return judgements;
}

/** With these a camera is degraded and yet live. */
const STILL_SEEING: ReadonlySet<string> = new Set<FaultCode>(["CAMERA_MOVED", "CAMERA_BLURRED", "CAMERA_SLOW"]);

function toldBy(event: Pick<Envelope, "id" | "type" | "time" | "touchpoint" | "data">): Told | undefined {
  const atMs = Date.parse(event.time);
  const { id, touchpoint } = event;
  if (event.type === "health") {
    const health = EVENT_DATA.health.safeParse(event.data);
    if (!health.success || health.data.state === "ok" || !health.data.stage.startsWith("camera:")) return undefined;
    if (STILL_SEEING.has(health.data.code ?? "")) return undefined;
    return { kind: "away", camera: health.data.stage.slice("camera:".length) };
  }
  if (touchpoint === undefined) return undefined;
  if (event.type === "press") {
    const { data } = EVENT_DATA.press.safeParse(event.data);
    return data === undefined ? undefined : { kind: "press", id, touchpoint, atMs, data };
  }
  if (event.type === "presence") {
    const { data } = EVENT_DATA.presence.safeParse(event.data);
    return data === undefined ? undefined : { kind: "presence", touchpoint, atMs, occupied: data.occupied };
  }
  if (event.type !== "contact") return undefined;
  const { data } = EVENT_DATA.contact.safeParse(event.data);
  return data === undefined ? undefined : { kind: "contact", touchpoint, data };
}

/** Time passed: presses that nobody's episode can claim any more are `unattended`. */
export function elapse(
  policy: FairPlaySettings,
  touchpoints: readonly Place[],
  state: FairPlayState,
  nowMs: number,
): FairPlayStep {
  let zones = state.zones;
  const judgements: Judgement[] = [];
  for (const { id, zone } of touchpoints) {
    const seen = zones[id];
    if (zone === undefined || seen === undefined || seen.alone.length === 0) continue;
    // An episode that claims the press begins at most preMs after it and is open a dwell time later, or ended before it.
    const claimMs = Math.max(zone.preMs + zone.dwellMs + zone.graceMs, zone.postMs) + MARGIN_MS;
    const ripe = seen.alone.filter(({ atMs }) => nowMs - atMs >= claimMs);
    if (ripe.length === 0) continue;
    zones = { ...zones, [id]: { ...seen, alone: seen.alone.filter((press) => !ripe.includes(press)) } };
    for (const press of ripe)
      judgements.push(verdict(policy, id, "unattended", [press.id], "nobody was in the zone when it was pressed"));
  }
  return { state: zones === state.zones ? state : { ...state, zones }, judgements };
}

/** Takes in what happened. */
export function hear(
  policy: FairPlaySettings,
  touchpoints: readonly Place[],
  state: FairPlayState,
  told: Told,
): FairPlayStep {
  switch (told.kind) {
    case "press": {
      const judged = pressed(policy, state, told);
      const zone = touchpoints.find(({ id }) => id === told.touchpoint)?.zone;
      const seen = state.zones[told.touchpoint] ?? NEVER_SEEN;
      const nobody =
        policy.unattended &&
        zone !== undefined &&
        told.data.people === 0 &&
        !seen.occupied &&
        told.atMs - seen.emptySinceMs >= policy.aroundMs;
      if (!nobody) return judged;
      const alone = [...seen.alone, { id: told.id, atMs: told.atMs }].slice(-MOST_RECENT);
      return { ...judged, state: withZone(judged.state, told.touchpoint, { ...seen, alone }) };
    }
    case "presence": {
      const { touchpoint, occupied, atMs } = told;
      const seen = state.zones[touchpoint] ?? NEVER_SEEN;
      const next = occupied
        ? { ...seen, occupied, alone: [] }
        : { ...seen, occupied, emptySinceMs: Math.max(seen.emptySinceMs, atMs) };
      return { state: withZone(state, touchpoint, next), judgements: [] };
    }
    case "contact": {
      const seen = state.zones[told.touchpoint] ?? NEVER_SEEN;
      const alone = seen.alone.filter(({ id }) => !told.data.presses.includes(id));
      // After a cut nobody says that the zone became empty.
      const occupied = told.data.outcome === "cut" ? false : seen.occupied;
      return { state: withZone(state, told.touchpoint, { ...seen, occupied, alone }), judgements: [] };
    }
    case "away": {
      let next = state;
      for (const { id, zone } of touchpoints) {
        const seen = next.zones[id];
        if (zone?.camera === told.camera && seen !== undefined)
          next = withZone(next, id, { ...seen, occupied: false, alone: [] });
      }
      return { state: next, judgements: [] };
    }
    default:
      return told satisfies never;
  }
}

/** How long a press is remembered, milliseconds. */
export function memoryMs({ repeatMs, sweep, machineGun, burst }: FairPlaySettings): number {
  return Math.max(repeatMs, sweep.withinMs, machineGun.withinMs, burst.withinMs);
}

/** What a press shows together with those before it on the same pad. */
function pressed(policy: FairPlaySettings, state: FairPlayState, told: Extract<Told, { kind: "press" }>): FairPlayStep {
  const { id, atMs, touchpoint, data } = told;
  const condition = data.flags.find((flag) => flag === "stuck" || flag === "chatter");
  if (condition !== undefined) {
    const reason = `button ${data.button} of pad ${data.pad} was ${condition === "stuck" ? "held down" : "bouncing"}`;
    return { state, judgements: [verdict(policy, touchpoint, "stuck", [id], reason)] };
  }
  const own: RecentPress = { id, atMs, button: data.button, value: data.value, verdicts: [] };
  const before = (state.pads[data.pad] ?? []).filter((press) => atMs - press.atMs < memoryMs(policy));
  let recent = [...before, own].slice(-MOST_RECENT);
  const judgements: Judgement[] = [];
  const within = (ms: number): RecentPress[] => recent.filter((press) => Math.abs(atMs - press.atMs) < ms);
  const find = (kind: Judgement["verdict"], presses: readonly RecentPress[], reason: string): void => {
    const fresh = presses.filter(({ verdicts }) => !verdicts.includes(kind)).map((press) => press.id);
    if (fresh.length === 0) return;
    recent = recent.map((press) =>
      fresh.includes(press.id) ? { ...press, verdicts: [...press.verdicts, kind] } : press,
    );
    judgements.push(verdict(policy, touchpoint, kind, fresh, reason));
  };
  const same = within(policy.repeatMs).some((press) => press.id !== id && press.button === data.button);
  if (same) find("repeat", [own], `button ${data.button} again within ${policy.repeatMs} ms`);

  const many = within(policy.machineGun.withinMs);
  if (many.length > policy.machineGun.presses)
    find("repeat", many, `${many.length} presses of pad ${data.pad} within ${policy.machineGun.withinMs} ms`);

  const alike = within(policy.burst.withinMs).filter(({ value }) => value !== null && value === data.value);
  if (alike.length > policy.burst.presses)
    find("repeat", alike, `${alike.length} ratings of ${data.value} on one pad within ${policy.burst.withinMs} ms`);

  // A reason after a rating is an answer, not a sweep.
  const ratings = within(policy.sweep.withinMs).filter(({ value }) => value !== null);
  const different = new Set(ratings.map(({ button }) => button)).size;
  if (data.value !== null && different >= policy.sweep.buttons)
    find("sweep", ratings, `${different} different buttons within ${policy.sweep.withinMs} ms`);
  return { state: { ...state, pads: { ...state.pads, [data.pad]: recent } }, judgements };
}

function verdict(
  policy: FairPlaySettings,
  touchpoint: string,
  kind: Judgement["verdict"],
  presses: string[],
  reason: string,
): Judgement {
  return { policy: `${policy.name}/${policy.version}`, verdict: kind, presses, reason, touchpoint };
}

function withZone(state: FairPlayState, touchpoint: string, seen: ZoneSeen): FairPlayState {
  return { ...state, zones: { ...state.zones, [touchpoint]: seen } };
}
