// Says an event in one plain sentence, for the terminal and the page alike. Pure.
import { type Envelope, EVENT_DATA } from "../words/events.ts";

/** One sentence; an event this version does not know is named by its type alone. */
export function sentenceOf({ type, data }: Envelope): string {
  switch (type) {
    case "press": {
      const press = EVENT_DATA.press.safeParse(data);
      if (!press.success) break;
      const { button, value, min, max, flags } = press.data;
      const odd = flags.length === 0 ? "" : `, ${flags.join(", ")}`;
      return value === null ? `reason “${button}”${odd}` : `${value} (${min} to ${max})${odd}`;
    }
    case "contact": {
      const contact = EVENT_DATA.contact.safeParse(data);
      if (!contact.success) break;
      const { outcome, durationMs, people, presses } = contact.data;
      const stay = `${persons(people)} for ${(durationMs / 1000).toFixed(1)} s`;
      if (outcome === "answered")
        return `answered: ${stay}, ${presses.length} press${presses.length === 1 ? "" : "es"}`;
      return outcome === "silent" ? `silent: ${stay}, no press` : `cut: ${stay}, then nobody could say`;
    }
    case "presence": {
      const presence = EVENT_DATA.presence.safeParse(data);
      if (!presence.success) break;
      return presence.data.occupied ? `${persons(presence.data.people)} at the till` : "nobody at the till";
    }
    case "mood": {
      const mood = EVENT_DATA.mood.safeParse(data);
      if (!mood.success) break;
      const { people, k, suppressed, smile, valence } = mood.data;
      if (suppressed || smile === undefined || valence === undefined)
        return `held back: ${persons(people)} in the interval, told from ${k}`;
      return `smile index ${twoDigits(smile)}, valence ${twoDigits(valence)}, ${persons(people)}`;
    }
    case "health": {
      const health = EVENT_DATA.health.safeParse(data);
      if (!health.success) break;
      const { stage, state, message } = health.data;
      return `${stage} is ${state}${message === undefined ? "" : `: ${message}`}`;
    }
    case "gap": {
      const gap = EVENT_DATA.gap.safeParse(data);
      if (!gap.success) break;
      return `${gap.data.count} lost (${gap.data.source}): ${gap.data.reason}`;
    }
    case "erased": {
      const erased = EVENT_DATA.erased.safeParse(data);
      if (!erased.success) break;
      return `${erased.data.count} erased (${erased.data.what}): ${erased.data.reason}`;
    }
    case "clock": {
      const clock = EVENT_DATA.clock.safeParse(data);
      if (!clock.success) break;
      const { offsetMs, uncertaintyMs } = clock.data;
      return `earlier unsynced times are off by ${offsetMs} ms, now known to ${uncertaintyMs} ms`;
    }
    case "answer": {
      const answer = EVENT_DATA.answer.safeParse(data);
      if (!answer.success) break;
      const { question, value, choices, kind } = answer.data;
      return `${question}: ${kind === "text" ? "a few words" : (value ?? choices.join(", "))}`;
    }
    case "alert": {
      const alert = EVENT_DATA.alert.safeParse(data);
      if (!alert.success) break;
      return `${alert.data.state}: ${alert.data.reason}`;
    }
    case "judgement": {
      const judgement = EVENT_DATA.judgement.safeParse(data);
      if (!judgement.success) break;
      return `${judgement.data.verdict}: ${judgement.data.reason}`;
    }
    case "visit": {
      const visit = EVENT_DATA.visit.safeParse(data);
      if (!visit.success) break;
      return `${visit.data.direction} at ${visit.data.line}, ${persons(visit.data.occupancy)} inside`;
    }
    case "coverage": {
      const coverage = EVENT_DATA.coverage.safeParse(data);
      if (!coverage.success) break;
      const { runningMs, cameraMs } = coverage.data;
      const looked = cameraMs === undefined ? "" : `, the camera looked ${(cameraMs / 1000).toFixed(1)} s`;
      return `ran ${(runningMs / 1000).toFixed(1)} s of this quarter-hour${looked}`;
    }
    case "rollup": {
      const rollup = EVENT_DATA.rollup.safeParse(data);
      if (!rollup.success) break;
      const { window, metric, value, n } = rollup.data;
      return `${window}: ${metric} ${value === null ? "unknown" : twoDigits(value)} (n ${n})`;
    }
  }
  return type;
}

/** The event's line in the terminal. */
export function lineOf(event: Envelope): string {
  return `${event.time.slice(11, 23)}  ${String(event.seq).padStart(5)}  ${event.type.padEnd(9)} ${sentenceOf(event)}`;
}

function persons(count: number): string {
  return count === 1 ? "1 person" : `${count} people`;
}

/** Two digits behind the point, and no minus before a zero. */
export function twoDigits(value: number): string {
  return (Math.round(value * 100) / 100).toFixed(2);
}
