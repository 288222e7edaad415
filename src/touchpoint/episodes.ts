// Episodes: the zone occupied for the dwell time or longer, bridged by the grace time, joined with its presses.
import type { ZoneConfig } from "../config/schema.ts";
import { type Count, lately, remember, sighted, steady } from "./steady.ts";

/** A press as the join sees it. */
export interface JoinPress {
  readonly id: string;
  readonly atMs: number;
}

/** An episode that is open or waits for late presses; boottime milliseconds. */
export interface Episode {
  readonly startMs: number;
  /** Last moment the zone was seen occupied. */
  readonly endMs: number;
  /** Most people that were there steadily; a single frame with more does not count. */
  readonly people: number;
}

export interface EpisodeState {
  /** What the last frames saw: no box too many and none too few begins, ends or enlarges an episode. */
  readonly counts: readonly Count[];
  /** The first frame of an absence: before it nobody can say that anybody had left. */
  readonly absentSinceMs: number | undefined;
  /** Occupied, but not yet for the dwell time. */
  readonly candidate: Episode | undefined;
  readonly open: Episode | undefined;
  /** Ended; `silent` may be said only when postMs has passed. */
  readonly ended: readonly Episode[];
  /** Presses that may still find their episode. */
  readonly presses: readonly JoinPress[];
}

export const NO_EPISODES: EpisodeState = {
  counts: [],
  absentSinceMs: undefined,
  candidate: undefined,
  open: undefined,
  ended: [],
  presses: [],
};

/** An episode whose outcome is known. */
export interface Outcome {
  readonly episode: Episode;
  readonly outcome: "answered" | "silent" | "cut";
  readonly presses: readonly string[];
}

export interface EpisodeStep {
  readonly state: EpisodeState;
  readonly outcomes: readonly Outcome[];
  readonly opened: boolean;
  readonly closed: boolean;
}

/** How many people there were is judged over this time, milliseconds: a double box on somebody who turns is gone sooner. */
const PEOPLE_MS = 2_000;
/** Share of the frames of the steady time that must see somebody for a zone to become occupied, and to stay so. */
const BEGINS = 0.5;
const STAYS = 1 / 3;

/** A frame saw `people` in the zone at `atMs`. Frames must come in time order. */
export function observe(state: EpisodeState, zone: ZoneConfig, people: number, atMs: number): EpisodeStep {
  const counts = remember(state.counts, { atMs, people }, Math.max(zone.steadyMs, PEOPLE_MS));
  const newest = newestOf(counts, zone);
  const seen = sighted(newest);
  const running = state.open ?? state.candidate;
  // Somebody half hidden is seen now and then: that keeps an episode, but begins none.
  if (seen === undefined || steady(newest, running === undefined ? BEGINS : STAYS) === 0) {
    const since = counts.find((count) => count.atMs > (running?.endMs ?? 0))?.atMs ?? atMs;
    return advance({ ...state, counts, absentSinceMs: state.absentSinceMs ?? since }, zone, atMs);
  }
  const most = Math.max(1, steady(counts));
  // An absence ends where somebody was seen again, not where that became certain.
  const aged = advance(state, zone, atMs, seen.fromMs);
  const before = aged.state;
  const current = before.open ?? before.candidate ?? { startMs: seen.fromMs, endMs: seen.toMs, people: most };
  const grown = { startMs: current.startMs, endMs: seen.toMs, people: Math.max(current.people, most) };
  const opens = before.open === undefined && grown.endMs - grown.startMs >= zone.dwellMs;
  const isOpen = before.open !== undefined || opens;
  const state2 = {
    ...before,
    counts,
    absentSinceMs: undefined,
    open: isOpen ? grown : undefined,
    candidate: isOpen ? undefined : grown,
  };
  return { ...aged, state: state2, opened: opens };
}

/**
 * Time passed: ends what was empty longer than the grace time, and says the outcomes that are ripe. A zone is occupied until
 * a frame says that it is not: between two frames of a slow camera nobody has left.
 * @param absentUntilMs the moment up to which nobody was seen, where somebody is seen again
 */
export function advance(state: EpisodeState, zone: ZoneConfig, atMs: number, absentUntilMs = atMs): EpisodeStep {
  const over = (episode: Episode | undefined): boolean =>
    episode !== undefined && state.absentSinceMs !== undefined && absentUntilMs - state.absentSinceMs > zone.graceMs;
  const closed = over(state.open);
  const ended = closed && state.open !== undefined ? [...state.ended, state.open] : state.ended;
  const open = closed ? undefined : state.open;
  const candidate = over(state.candidate) ? undefined : state.candidate;
  // What was seen of an episode that is over begins no other.
  const counts = closed ? state.counts.filter((count) => count.atMs > (state.open?.endMs ?? 0)) : state.counts;

  const outcomes: Outcome[] = [];
  let presses = state.presses;
  let rest: readonly Episode[] = ended;
  for (const episode of ended) {
    if (atMs - episode.endMs <= zone.postMs) continue;
    rest = rest.filter((other) => other !== episode);
    const rivals = [...rest, ...(open === undefined ? [] : [open])];
    const own = presses.filter((press) => belongs(press, episode, rivals, zone));
    presses = presses.filter((press) => !own.includes(press));
    outcomes.push({ episode, outcome: own.length > 0 ? "answered" : "silent", presses: own.map(({ id }) => id) });
  }
  // A press that no present or coming episode can cover any more is unmatched.
  const earliest = Math.min(
    atMs - zone.preMs,
    ...[open, candidate, ...rest].map((one) => (one === undefined ? atMs : one.startMs - zone.preMs)),
  );
  presses = presses.filter((press) => press.atMs >= earliest);
  const { absentSinceMs } = state;
  return { state: { counts, absentSinceMs, candidate, open, ended: rest, presses }, outcomes, opened: false, closed };
}

/** The frames that decide whether the zone is occupied: the newest, and those of the steady time before it. */
function newestOf(counts: readonly Count[], zone: ZoneConfig): readonly Count[] {
  const newestMs = counts.at(-1)?.atMs ?? 0;
  return lately(counts, newestMs, Math.max(1, zone.steadyMs));
}

/** A press came; which episode it belongs to is decided when the episode's outcome is said. */
export function press(state: EpisodeState, one: JoinPress): EpisodeState {
  return { ...state, presses: [...state.presses, one] };
}

/** Nobody can say any more whether the zone is empty: open and waiting episodes are cut where they were last seen. */
export function cut(state: EpisodeState, zone: ZoneConfig): EpisodeStep {
  const all = [...state.ended, ...(state.open === undefined ? [] : [state.open])];
  let presses = state.presses;
  const outcomes = all.map((episode, i): Outcome => {
    const own = presses.filter((one) => belongs(one, episode, all.slice(i + 1), zone));
    presses = presses.filter((one) => !own.includes(one));
    return { episode, outcome: "cut", presses: own.map(({ id }) => id) };
  });
  return { state: NO_EPISODES, outcomes, opened: false, closed: state.open !== undefined };
}

function covers(episode: Episode, one: JoinPress, zone: ZoneConfig): boolean {
  return one.atMs >= episode.startMs - zone.preMs && one.atMs <= episode.endMs + zone.postMs;
}

/** The contract's tie rule: where two episodes cover a press, the larger presence (people × time) has it. */
function belongs(one: JoinPress, episode: Episode, rivals: readonly Episode[], zone: ZoneConfig): boolean {
  if (!covers(episode, one, zone)) return false;
  return !rivals.some((rival) => covers(rival, one, zone) && presence(rival) > presence(episode));
}

function presence(episode: Episode): number {
  return episode.people * (episode.endMs - episode.startMs);
}
