// People who come to a zone, stay and leave, with known truth, seen by a detector that flickers. Pure, by seed.

import { between, seededRandom } from "../../src/simulate/random.ts";
import type { Seen } from "../../src/words/inputs.ts";
import { judge } from "./counting.ts";

export interface FlickerDifficulty {
  /** Chance that somebody is missed in a frame. */
  readonly missed: number;
  /** Chance that an empty frame shows somebody. */
  readonly ghosts: number;
  /** Chance that somebody is seen double in a frame. */
  readonly doubles: number;
  readonly fps: number;
}

interface Stay {
  readonly fromMs: number;
  readonly toMs: number;
  readonly people: number;
}

interface Stays {
  readonly stays: readonly Stay[];
  readonly frames: readonly Seen[];
}

/** Twenty stays of 3 to 20 s, 5 to 10 s apart: longer than dwell and grace of the zone that judges them. */
export function makeStay(seed: number, difficulty: FlickerDifficulty): Stays {
  const random = seededRandom(seed);
  const stays: Stay[] = [];
  let atMs = 3_000;
  for (let i = 0; i < 20; i += 1) {
    const toMs = atMs + between(random, 3_000, 20_000);
    stays.push({ fromMs: atMs, toMs, people: 1 + Math.floor(between(random, 0, 3)) });
    atMs = toMs + between(random, 5_000, 10_000);
  }
  const frames: Seen[] = [];
  for (let i = 0; (i * 1000) / difficulty.fps < atMs; i += 1) {
    const now = (i * 1000) / difficulty.fps;
    const people = stays.find(({ fromMs, toMs }) => now >= fromMs && now <= toMs)?.people ?? 0;
    const persons: Seen["persons"] = [];
    const see = (n: number): void => void persons.push({ box: [0.1 + 0.2 * n, 0.3, 0.1, 0.5], score: 0.8 });
    for (let n = 0; n < people; n += 1) {
      if (random() >= difficulty.missed) see(n);
      if (random() < difficulty.doubles) see(n + 0.3);
    }
    if (people === 0 && random() < difficulty.ghosts) see(0);
    frames.push({ kind: "seen", camera: "scene", atMs: now, faces: [], persons });
  }
  return { stays, frames };
}

export interface ContactErrors {
  readonly stays: number;
  readonly missed: number;
  readonly extra: number;
  /** Contacts that name another number of people than were there. */
  readonly peopleWrong: number;
  /** Largest errors of start and end, milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
}

/** What the zone made of the stays: a contact belongs to the stay that it overlaps first. */
export function contactErrors({ stays, frames }: Stays): ContactErrors {
  const zone = { camera: "scene", by: "person", dwellMs: 1_500, graceMs: 1_500, postMs: 1_000 };
  const contacts = judge({ id: "scene", zone }, frames).flatMap((fact) => {
    if (fact.type !== "contact") return [];
    const { start, end, people } = fact.data;
    return [{ fromMs: Date.parse(start), toMs: Date.parse(end), people }];
  });
  let missed = 0;
  let peopleWrong = 0;
  let startMs = 0;
  let endMs = 0;
  const used = new Set<(typeof contacts)[number]>();
  for (const stay of stays) {
    const own = contacts.find((one) => !used.has(one) && one.fromMs <= stay.toMs && one.toMs >= stay.fromMs);
    if (own === undefined) {
      missed += 1;
      continue;
    }
    used.add(own);
    if (own.people !== stay.people) peopleWrong += 1;
    startMs = Math.max(startMs, Math.abs(own.fromMs - stay.fromMs));
    endMs = Math.max(endMs, Math.abs(own.toMs - stay.toMs));
  }
  return { stays: stays.length, missed, extra: contacts.length - used.size, peopleWrong, startMs, endMs };
}
