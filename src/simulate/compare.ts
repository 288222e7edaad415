// Lays the truth of a simulated day beside what the metrics say of its events.

import { type Counts, countsAt, emptyCounts } from "../metrics/counts.ts";
import { offsetOf, repairsIn } from "../metrics/repair.ts";
import { reportOf, type TouchpointReport } from "../metrics/report.ts";
import type { Figure } from "../metrics/scales.ts";
import { count, read, type Told, tally } from "../metrics/tally.ts";
import { addOne } from "../metrics/tree.ts";
import { Calendar } from "../touchpoint/calendar.ts";
import { localTime } from "../touchpoint/local-time.ts";
import type { Envelope } from "../words/events.ts";
import type { Plan } from "./plan.ts";
import { type Row, Rows } from "./rows.ts";
import { NPS_QUESTION, QUESTION, TILLS, TIMEZONE, type Till } from "./shop.ts";
import type { TillTruth } from "./truth.ts";

type Event = Omit<Envelope, "stream" | "seq">;

/** @param events in the order of their `seq` */
export function compareDay({ truth, day }: Pick<Plan, "truth" | "day">, events: readonly Event[]): Row[] {
  const repairs = repairsIn(events);
  const told: Told[] = events.map((event) => ({ ...event, offsetMs: offsetOf(event, repairs) }));
  const places = tally(told, { timezone: TIMEZONE, period: day });
  const parts = new Parts(told);
  return TILLS.flatMap((till) => {
    const place = places.find(({ touchpoint }) => touchpoint === till) ?? {
      touchpoint: till,
      ...emptyCounts(),
      open: [],
    };
    const report = reportOf(place);
    const rows = new Rows(till);
    compareAnswers(rows, truth[till], report, parts);
    compareRates(rows, truth[till], report, place);
    compareTrade(rows, truth[till], report);
    compareAlerts(rows, truth[till], report, place);
    rows.same("coverage: agent, s", truth[till].runningMs / 1_000, place.covered.running / 1_000);
    rows.same("coverage: camera, s", truth[till].cameraMs / 1_000, place.covered.camera / 1_000);
    const told = (type: string, fits: (data: Event["data"]) => boolean): number =>
      events.filter((event) => event.type === type && event.touchpoint === till && fits(event.data)).length;
    rows.same(
      "alerts escalated",
      truth[till].alerts.escalated,
      told("alert", ({ state }) => state === "escalated"),
    );
    rows.same(
      "ratings with a card",
      truth[till].cards,
      told("press", ({ value, customer }) => value !== null && customer !== undefined),
    );
    return rows.all;
  });
}

/** Ratings by hour and by who served, which a report of the day does not say. */
class Parts {
  readonly #calendar = new Calendar(TIMEZONE);
  readonly #hours = new Map<string, Counts>();
  readonly #staff = new Map<string, Counts>();

  constructor(events: readonly Told[]) {
    count(
      events.map(read),
      // What the camera and the place say is of nobody's shift.
      (touchpoint, atMs, who) =>
        who === undefined
          ? []
          : [
              countsAt(this.#hours, `${touchpoint}/${this.hourOf(atMs)}`),
              countsAt(this.#staff, `${touchpoint}/${who.staff ?? NOBODY}`),
            ],
      this.#calendar,
    );
  }

  /** On the shop's own clock. */
  hourOf(unixMs: number): string {
    return localTime(this.#calendar.hourOf(unixMs).fromMs, TIMEZONE).time.slice(0, 2);
  }

  byHour(till: Till): Record<string, number> {
    return ratingsOf(this.#hours, till);
  }

  byStaff(till: Till): Record<string, number> {
    return ratingsOf(this.#staff, till);
  }
}

const NOBODY = "nobody";

function ratingsOf(windows: ReadonlyMap<string, Counts>, till: Till): Record<string, number> {
  const ratings: Record<string, number> = {};
  for (const [key, { ratings: of }] of windows)
    if (key.startsWith(`${till}/`) && of.matched + of.unmatched > 0)
      ratings[key.slice(till.length + 1)] = of.matched + of.unmatched;
  return ratings;
}

function compareAnswers(rows: Rows, truth: TillTruth, report: TouchpointReport, parts: Parts): void {
  const { till } = rows;
  const asked = (question: string) => report.questions.find((one) => one.question === question);
  const pad = asked(QUESTION[till]);
  rows.alike("ratings", counted(truth.ratings.map(({ value }) => `${value}`)), pad?.histogram ?? {});
  const opinion = truth.opinions.reduce((sum, one) => sum + one, 0) / truth.opinions.length;
  rows.within("mean opinion of all", opinion, figure(pad?.figures, "mean"));
  rows.alike("ratings by hour", counted(truth.ratings.map(({ unixMs }) => parts.hourOf(unixMs))), parts.byHour(till));
  rows.alike("ratings by staff", counted(truth.ratings.map(({ staff }) => staff ?? NOBODY)), parts.byStaff(till));
  rows.alike("recommend, 0 to 10", counted(truth.nps.map(String)), asked(NPS_QUESTION)?.histogram ?? {});
  const named = report.reasons.map(({ reason, numerator }): [string, number] => [reason, numerator ?? 0]);
  rows.alike("reasons", counted(truth.reasons), Object.fromEntries(named));
  rows.same("presses judged", truth.judged, report.judged);
  rows.same("ratings flagged", truth.flagged, report.flagged);
}

function compareRates(rows: Rows, truth: TillTruth, { figures }: TouchpointReport, counts: Counts): void {
  const { contacts, sales, services, ratings } = truth;
  const episodes = contacts.answered + contacts.silent;
  if (sales.count > 0) rows.share("response rate", sales.named, sales.count, figure(figures, "response-rate"));
  else if (services.closed > 0)
    rows.share("response rate", services.rated, services.closed, figure(figures, "response-rate"));
  else rows.share("response rate", contacts.answered, episodes, figure(figures, "response-rate"));
  rows.share("silent", contacts.silent, episodes, figure(figures, "silent-share"));
  const unmatched = ratings.filter(({ matched }) => !matched).length;
  if (episodes > 0) rows.share("unmatched", unmatched, ratings.length, figure(figures, "unmatched-presses"));
  rows.same("episodes cut", contacts.cut, counts.contacts.cut);
}

function compareTrade(rows: Rows, truth: TillTruth, { figures }: TouchpointReport): void {
  const { sales, services, attempts } = truth;
  rows.share("turnover, of sales", sales.amount, sales.count, figure(figures, "average-ticket-EUR"));
  rows.share("pieces, of sales", sales.items, sales.count, figure(figures, "items-per-sale"));
  rows.share("services rated", services.rated, services.closed, figure(figures, "services-rated"));
  rows.share("sales, of attempts", attempts.sales, attempts.count, figure(figures, "sales-per-attempt"));
  rows.share(
    "time selling, s",
    seconds(attempts.sellingMs),
    attempts.sellingMs.length,
    figure(figures, "time-selling-s"),
  );
}

function compareAlerts(rows: Rows, { alerts }: TillTruth, report: TouchpointReport, counts: Counts): void {
  const { figures, open } = report.alerts;
  rows.same("alerts raised", alerts.raised, counts.alerts.raised);
  rows.same("alerts open", alerts.open, open.length);
  rows.share(
    "time to react, s",
    seconds(alerts.reactedMs),
    alerts.reactedMs.length,
    figure(figures, "time-to-react-s"),
  );
  rows.share(
    "time to resolve, s",
    seconds(alerts.resolvedMs),
    alerts.resolvedMs.length,
    figure(figures, "time-to-resolve-s"),
  );
}

function figure(figures: readonly Figure[] | undefined, metric: string): Figure | undefined {
  return figures?.find((one) => one.metric === metric);
}

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) addOne(counts, name);
  return counts;
}

function seconds(ms: readonly number[]): number {
  return ms.reduce((sum, one) => sum + one, 0) / 1_000;
}
