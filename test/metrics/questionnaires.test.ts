import { describe, expect, test } from "vitest";
import { expandSurvey, SurveyConfig, type SurveyInputConfig } from "../../src/config/surveys.ts";
import { type Questionnaire, questionnaireFigures } from "../../src/metrics/questionnaires.ts";
import { countRun, type Runs } from "../../src/metrics/runs.ts";
import type { EventData } from "../../src/words/events.ts";

/** A questionnaire as the configuration has it. */
function configured(given: SurveyInputConfig, importance?: Questionnaire["importance"]): Questionnaire {
  const survey = SurveyConfig.parse(given);
  return { ...expandSurvey(survey), template: survey.template, importance };
}
const ready = (template: NonNullable<SurveyInputConfig["template"]>): Questionnaire =>
  configured({ id: template, template });

type Said = Readonly<Record<string, number | readonly string[]>>;

/** Walks that said this, question by question, each on the scale it has in the questionnaire. */
function walked(of: Questionnaire, walks: readonly Said[], outcome: "finished" | "abandoned" = "finished"): Runs {
  const runs: Runs = {};
  for (const said of walks) walk(runs, of, said, outcome);
  return runs;
}

function walk(into: Runs, of: Questionnaire, said: Said, outcome: "finished" | "abandoned" = "finished"): void {
  const [start, end] = ["2026-11-22T09:14:07.311Z", "2026-11-22T09:14:19.311Z"];
  const shared = { run: "r", survey: of.id, surveyVersion: of.version, language: "en" };
  const answers = Object.entries(said).map(([question, answer]): EventData["answer"] => {
    const asked = of.questions.find(({ id }) => id === question);
    if (asked === undefined) throw new Error(`no question ${question}`);
    const { version: questionVersion, kind, min, max } = asked;
    const scale = min === undefined || max === undefined ? {} : { min, max };
    return {
      ...shared,
      ...scale,
      question,
      questionVersion,
      kind: kind as EventData["answer"]["kind"],
      value: typeof answer === "number" ? answer : null,
      choices: typeof answer === "number" ? [] : [...answer],
    };
  });
  countRun(
    into,
    { ...shared, outcome, answers: answers.map((_, i) => `a${i}`), asked: answers.length, start, end },
    answers,
  );
}

const figure = (runs: Runs, of: Questionnaire, metric: string) =>
  questionnaireFigures(runs, of).find((one) => one.metric === metric);
const times = (count: number, said: Said): Said[] => Array.from({ length: count }, () => said);

describe("every questionnaire", () => {
  test("says how many finished, and of nothing says nothing", () => {
    const of = ready("ces1");
    const runs = walked(of, times(3, { effort: 2 }));
    walk(runs, of, {}, "abandoned");
    expect(figure(runs, of, "survey-finished")).toMatchObject({ numerator: 3, denominator: 4, value: 0.75 });
    for (const template of ["ces1", "ces2", "csi", "womi", "servqual", "servperf", "goal-effort-emotion"] as const)
      for (const { n, value, interval } of questionnaireFigures({}, ready(template)))
        expect([n, value, interval]).toEqual([0, null, null]);
  });

  test("of abandoned walks only counts what they said", () => {
    const of = ready("womi");
    const runs = walked(of, times(4, { recommend: 10 }), "abandoned");
    expect(figure(runs, of, "survey-finished")).toMatchObject({ numerator: 0, denominator: 4 });
    // Nobody said both: there is no pair.
    expect(figure(runs, of, "womi")).toMatchObject({ n: 0, value: null, interval: null });
  });

  test("is not taken for another: neither by the id of its questions, nor by an older version", () => {
    const own = configured({
      id: "own",
      questions: [{ kind: "scale", id: "effort", min: 1, max: 5, text: "How hard was it?" }],
    });
    const runs = walked(own, times(5, { effort: 5 }));
    expect(questionnaireFigures(runs, own).map(({ metric }) => metric)).toEqual(["survey-finished"]);
    const newer = configured({ id: "ces1", version: 2, template: "ces1" });
    expect(figure(walked(ready("ces1"), times(5, { effort: 5 })), newer, "ces1-mean")).toMatchObject({
      n: 0,
      value: null,
    });
  });
});

describe("the satisfaction index", () => {
  test("worked by hand: items and weights of the template", () => {
    // Parts of 1 to 10: goods 8/9, staff 6/9, speed 4/9, price 2/9, place 9/9; weights 30, 25, 15, 20, 10.
    // (30·8 + 25·6 + 15·4 + 20·2 + 10·9) / 9 = 580 / 9 = 64.444
    const of = ready("csi");
    const runs = walked(of, times(2, { goods: 9, staff: 7, speed: 5, price: 3, place: 10 }));
    const csi = figure(runs, of, "csi");
    expect(csi).toMatchObject({ n: 2, numerator: null, denominator: null });
    expect(csi?.value).toBeCloseTo(580 / 9, 9);
  });

  test("of the best answers is 100, of the worst 0, and its interval stays on the scale", () => {
    const of = ready("csi");
    const all = (value: number): Said => ({ goods: value, staff: value, speed: value, price: value, place: value });
    expect(figure(walked(of, times(3, all(10))), of, "csi")?.value).toBeCloseTo(100, 9);
    expect(figure(walked(of, times(3, all(1))), of, "csi")?.value).toBeCloseTo(0, 9);
    const [low, high] = figure(walked(of, [all(1), all(10), all(10)]), of, "csi")?.interval ?? [];
    expect([low, high]).toEqual([0, 100]);
  });

  test("uses what abandoned walks said, and is null as long as an item has no answer", () => {
    const of = ready("csi");
    const runs = walked(of, times(2, { goods: 10, staff: 10, speed: 10, price: 10 }), "abandoned");
    expect(figure(runs, of, "csi")).toMatchObject({ value: null, interval: null });
    walk(runs, of, { goods: 1, staff: 10, speed: 10, price: 10, place: 10 });
    // Goods: mean 7 of 3, so 6/9 of its 30; all else full.
    expect(figure(runs, of, "csi")?.value).toBeCloseTo(70 + 20, 9);
  });

  test("is of any questionnaire with weights, each item on its own scale", () => {
    const of = configured({
      id: "own",
      questions: [
        { kind: "scale", id: "food", min: 1, max: 5, weight: 3, text: "Food?" },
        { kind: "scale", id: "noise", min: 0, max: 10, weight: 1, text: "Quiet?" },
        { kind: "scale", id: "other", min: 1, max: 5, text: "Anything else?" },
      ],
    });
    // 100 · (3 · (4 − 1)/4 + 1 · 5/10) / 4
    expect(figure(walked(of, times(2, { food: 4, noise: 5 })), of, "csi")?.value).toBeCloseTo(68.75, 9);
  });
});

describe("word of mouth", () => {
  test("worked by hand: six who recommend only, one who warns only, one who does both, two who do neither", () => {
    const of = ready("womi");
    const runs = walked(of, [
      ...times(6, { recommend: 9, discourage: 1 }),
      { recommend: 8, discourage: 9 },
      { recommend: 10, discourage: 10 },
      ...times(2, { recommend: 8, discourage: 8 }),
    ]);
    expect(figure(runs, of, "womi")).toMatchObject({ n: 10, numerator: 5, denominator: 10, value: 50 });
    expect(figure(runs, of, "womi-recommend")).toMatchObject({ numerator: 7, denominator: 10 });
    expect(figure(runs, of, "womi-discourage")).toMatchObject({ numerator: 2, denominator: 10 });
    // 7/12 − 2/12 = 0.41667; variance (9/12 − 0.17361)/12 = 0.048032
    const [low, high] = figure(runs, of, "womi")?.interval ?? [];
    expect(low).toBeCloseTo(100 * (0.41667 - 1.959964 * Math.sqrt(0.048032)), 1);
    expect(high).toBeCloseTo(100 * (0.41667 + 1.959964 * Math.sqrt(0.048032)), 1);
  });
});

describe("effort", () => {
  test("version 1 is a mean where 5 is most effort; version 2 the share of 5 to 7 and a mean where 7 is easiest", () => {
    const [first, second] = [ready("ces1"), ready("ces2")];
    const one = walked(first, [{ effort: 1 }, { effort: 2 }, { effort: 5 }, { effort: 2 }]);
    expect(questionnaireFigures(one, first).map(({ metric, value }) => [metric, value])).toEqual([
      ["survey-finished", 1],
      ["ces1-mean", 2.5],
    ]);
    const two = walked(second, [{ easy: 7 }, { easy: 5 }, { easy: 4 }, { easy: 4 }]);
    expect(figure(two, second, "ces2-easy")).toMatchObject({ numerator: 2, denominator: 4, value: 0.5 });
    expect(figure(two, second, "ces2-mean")).toMatchObject({ n: 4, value: 5 });
  });

  test("of goal, effort and emotion is a figure of its own, not version 1", () => {
    const of = ready("goal-effort-emotion");
    const runs = walked(of, [
      { goal: ["yes"], effort: 1, emotion: 5 },
      { goal: ["partly"], effort: 3, emotion: 4 },
      { goal: ["no"], effort: 5, emotion: 1 },
      { goal: ["yes"], effort: 1 },
    ]);
    expect(questionnaireFigures(runs, of).map(({ metric, n, value }) => [metric, n, value])).toEqual([
      ["survey-finished", 4, 1],
      ["goal-reached", 4, 0.5],
      ["goal-partly", 4, 0.25],
      ["effort-mean", 4, 2.5],
      ["emotion-top-box", 3, 2 / 3],
    ]);
  });
});

describe("service quality", () => {
  const DIMENSIONS = { t: 4, r: 5, s: 4, a: 4, e: 5 };
  const PAIRS = Object.entries(DIMENSIONS).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
  );
  // Worked example of 12manage.com, "Weighted and Unweighted Average SERVQUAL Scores?" (J. de Jonge): gaps by dimension and
  // their unweighted mean. Out of a hundred customers so many miss one point, all others none; one in ten misses two.
  const MISSED = { t: 65, r: 110, s: 83, a: 70, e: 101 };
  const gapOf = (pair: string, customer: number): number => {
    const missed = MISSED[pair.charAt(0) as keyof typeof MISSED];
    return customer < missed - 100 ? 2 : customer < missed ? 1 : 0;
  };
  const customers = Array.from({ length: 100 }, (_, customer) =>
    Object.fromEntries(
      PAIRS.flatMap((pair) => [
        [`${pair}e`, 7],
        [`${pair}p`, 7 - gapOf(pair, customer)],
      ]),
    ),
  );
  // Mean importance in V. A. Zeithaml, A. Parasuraman, L. L. Berry, Delivering Quality Service, 1990.
  const importance = { tangibles: 11, reliability: 32, responsiveness: 22, assurance: 19, empathy: 16 };

  test("gaps by pair, by dimension, unweighted and weighted, as in a published example", () => {
    const of = configured({ id: "servqual", template: "servqual" }, importance);
    const runs = walked(of, customers);
    const value = (name: string): number | null | undefined => figure(runs, of, name)?.value;
    expect(value("servqual-gap-r1")).toBeCloseTo(-1.1, 9);
    expect(value("servqual-gap-tangibles")).toBeCloseTo(-0.65, 9);
    expect(value("servqual-gap-reliability")).toBeCloseTo(-1.1, 9);
    expect(value("servqual-gap-responsiveness")).toBeCloseTo(-0.83, 9);
    expect(value("servqual-gap-assurance")).toBeCloseTo(-0.7, 9);
    expect(value("servqual-gap-empathy")).toBeCloseTo(-1.01, 9);
    // −4.29 / 5; all 22 pairs alike would be −0.876.
    expect(value("servqual-gap")).toBeCloseTo(-0.858, 9);
    // (11·0.65 + 32·1.10 + 22·0.83 + 19·0.70 + 16·1.01) / 100
    expect(value("servqual-gap-weighted")).toBeCloseTo(-0.9007, 9);
    expect(figure(runs, of, "servqual-gap")?.n).toBe(100);
  });

  test("has no weighted figure where nobody says what is important", () => {
    const names = questionnaireFigures({}, ready("servqual")).map(({ metric }) => metric);
    expect(names).toContain("servqual-gap");
    expect(names).not.toContain("servqual-gap-weighted");
    const nothing = { tangibles: 0, reliability: 0, responsiveness: 0, assurance: 0, empathy: 0 };
    const zero = questionnaireFigures({}, configured({ id: "q", template: "servqual" }, nothing));
    expect(zero.map(({ metric }) => metric)).not.toContain("servqual-gap-weighted");
  });

  test("rotated, one pair a customer, is the same once all were asked; half a pair is no gap", () => {
    const of = ready("servqual");
    const runs: Runs = {};
    for (const pair of PAIRS)
      for (const perceived of [4, 6]) walk(runs, of, { [`${pair}e`]: 6, [`${pair}p`]: perceived });
    walk(runs, of, { t1e: 1 }, "abandoned");
    expect(figure(runs, of, "servqual-gap-t1")).toMatchObject({ n: 2, value: -1 });
    const all = figure(runs, of, "servqual-gap");
    expect(all?.n).toBe(44);
    expect(all?.value).toBeCloseTo(-1, 9);
    expect(all?.interval).not.toBeNull();
    const early = walked(of, [{ t1e: 6, t1p: 4 }]);
    expect(figure(early, of, "servqual-gap")).toMatchObject({ value: null, interval: null });
    expect(figure(early, of, "servqual-gap-t1")).toMatchObject({ n: 1, value: -2, interval: null });
  });

  test("perceptions alone are on 1 to 7, by dimension and over all", () => {
    const of = ready("servperf");
    const runs: Runs = {};
    // Two items a customer; tangibles 7, all else 5: (7 + 4 · 5) / 5.
    for (let at = 0; at < 22; at += 2)
      for (let customer = 0; customer < 2; customer += 1)
        walk(
          runs,
          of,
          Object.fromEntries(PAIRS.slice(at, at + 2).map((pair) => [`${pair}p`, pair.startsWith("t") ? 7 : 5])),
        );
    expect(figure(runs, of, "servperf-tangibles")).toMatchObject({ n: 4 });
    expect(figure(runs, of, "servperf-tangibles")?.value).toBeCloseTo(7, 9);
    expect(figure(runs, of, "servperf")).toMatchObject({ n: 22 });
    expect(figure(runs, of, "servperf")?.value).toBeCloseTo(5.4, 9);
  });
});
