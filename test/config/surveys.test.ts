// Questionnaires in the configuration: each mistake with its path, and templates whose question ids are stable.
import { describe, expect, it } from "vitest";
import { Config, type ConfigInput } from "../../src/config/schema.ts";
import { TEMPLATES } from "../../src/config/survey-templates.ts";
import { expandSurvey, SurveyConfig, type SurveyInputConfig } from "../../src/config/surveys.ts";

type QuestionInput = NonNullable<SurveyInputConfig["questions"]>[number];

const yesNo = (id: string, more: object = {}): QuestionInput => ({ kind: "yes-no", id, text: "?", ...more });
const scale = (id: string, more: object = {}): QuestionInput => ({
  kind: "scale",
  id,
  text: "?",
  min: 1,
  max: 7,
  ...more,
});
const single = (id: string, more: object = {}): QuestionInput => ({
  kind: "single",
  id,
  text: "?",
  options: [
    { id: "x", text: "X" },
    { id: "y", text: "Y" },
  ],
  ...more,
});

function mistakes(survey: object): string[] {
  const checked = SurveyConfig.safeParse({ id: "s", ...survey });
  return checked.success ? [] : checked.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("a questionnaire that is none", () => {
  it.each([
    ["neither questions nor template", {}, "questions: give either"],
    ["both", { template: "nps", questions: [yesNo("a")] }, "questions: give either"],
    ["no question", { questions: [] }, "questions: "],
    ["a circle", { questions: [yesNo("a"), yesNo("b", { next: "a" })] }, 'questions.1.next: leads back to "a"'],
    [
      "a question that leads to itself",
      { questions: [yesNo("a", { next: "a" })] },
      'questions.0.next: leads back to "a"',
    ],
    [
      "a circle by a branch",
      { questions: [yesNo("a"), yesNo("b"), yesNo("c", { next: "end", branch: [{ option: "no", next: "b" }] })] },
      'questions.2.branch.0.next: leads back to "b"',
    ],
    ["a way to nowhere", { questions: [yesNo("a", { next: "z" })] }, 'questions.0.next: no question "z"'],
    ["the same id", { questions: [yesNo("a"), yesNo("a")] }, 'questions.1.id: "a" is used twice'],
    [
      "a branch by an option that is not there",
      { questions: [single("a", { branch: [{ option: "z", next: "end" }] })] },
      'questions.0.branch.0.option: "z"',
    ],
    [
      "a branch by a range of options",
      { questions: [single("a", { branch: [{ from: 1, next: "end" }] })] },
      "questions.0.branch.0: from and to",
    ],
    ["a branch by nothing", { questions: [scale("a", { branch: [{ next: "end" }] })] }, "questions.0.branch.0: needs"],
    ["a scale upside down", { questions: [scale("a", { min: 7 })] }, "questions.0.max: must be greater"],
    ["too many smileys", { questions: [scale("a", { look: "smileys" })] }, "questions.0.look: smileys"],
    [
      "an option twice",
      {
        questions: [
          single("a", {
            options: [
              { id: "x", text: "1" },
              { id: "x", text: "2" },
            ],
          }),
        ],
      },
      "questions.0.options.1.id",
    ],
    [
      "an option that is a word",
      {
        questions: [
          single("a", {
            options: [
              { id: "x", text: "1" },
              { id: "done", text: "2" },
            ],
          }),
        ],
      },
      "questions.0.options.1.id",
    ],
    [
      "no text in the first language",
      { languages: ["de"], questions: [yesNo("a", { text: { en: "?" } })] },
      "questions.0.text: has no text in de",
    ],
    [
      "a button that says nothing",
      { buttons: { b: "9" }, questions: [scale("a")] },
      'buttons.b: "9" answers no question',
    ],
    [
      "a question's button that says nothing",
      { questions: [scale("a", { buttons: { b: "9" } })] },
      "questions.0.buttons.b",
    ],
    [
      "rotation with branches",
      { rotate: 1, questions: [yesNo("a", { next: "end" })] },
      "questions.0.next: questions that rotate",
    ],
    ["a text without end", { questions: [yesNo("a", { text: "x".repeat(501) })] }, "questions.0.text"],
    ["an unknown key", { questions: [yesNo("a", { colour: "red" })] }, "questions.0: "],
  ])("%s", (_what, survey, mistake) => {
    expect(mistakes(survey).some((one) => one.startsWith(mistake))).toBe(true);
  });

  it("ways that meet again are no circle", () => {
    expect(
      mistakes({
        questions: [
          scale("a", {
            branch: [
              { from: 6, next: "d" },
              { to: 2, next: "c" },
            ],
          }),
          yesNo("b", { next: "d" }),
          yesNo("c"),
          yesNo("d"),
        ],
      }),
    ).toEqual([]);
  });
});

describe("references", () => {
  const config = (fleet: ConfigInput["fleet"]): string[] => {
    const local = { device: "d", site: "s", pads: [{ id: "p", driver: "simulated" as const }] };
    const checked = Config.safeParse({ version: 1, local, fleet });
    return checked.success ? [] : checked.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  };
  it("a touchpoint's questionnaire is there, and may stand in for a question", () => {
    const surveys = [{ id: "n", template: "nps" as const }];
    expect(config({ touchpoints: [{ id: "t", pads: ["p"], survey: "n" }], surveys })).toEqual([]);
    expect(config({ touchpoints: [{ id: "t", survey: "m" }], surveys })).toEqual([
      'fleet.touchpoints.0.survey: no questionnaire "m" under fleet.surveys',
    ]);
    expect(config({ touchpoints: [{ id: "t", pads: ["p"] }], surveys })).toEqual([
      "fleet.touchpoints.0: a touchpoint with pads needs a question",
    ]);
    expect(config({ touchpoints: [{ id: "t" }], surveys: [...surveys, ...surveys] })).toEqual([
      'fleet.surveys.1.id: "n" is used twice',
    ]);
  });
  it("a follow-up lies on the scale, and is one question", () => {
    const question = (followUp: object) => ({
      touchpoints: [{ id: "t", pads: ["p"], question: { id: "q", buttons: { "1": 1 }, followUp } }],
    });
    const at = "fleet.touchpoints.0.question.followUp";
    expect(config(question({ bad: { at: 1, ask: single("why") } }))).toEqual([]);
    expect(config(question({ bad: { at: 9, ask: single("why") } }))).toEqual([`${at}.bad.at: outside 1..4`]);
    expect(config(question({ bad: { at: 3, ask: single("a") }, good: { at: 3, ask: single("b") } }))).toEqual([
      `${at}.good.at: must be greater than bad.at`,
    ]);
    expect(config(question({ good: { at: 4, ask: yesNo("a", { next: "end" }) } }))).toEqual([
      `${at}.good.ask: one question: it cannot branch`,
    ]);
  });
});

describe("templates", () => {
  const questions = (template: keyof typeof TEMPLATES) =>
    expandSurvey(SurveyConfig.parse({ id: "s", template })).questions;
  const ids = (template: keyof typeof TEMPLATES) =>
    questions(template).map((one) => (one.kind === "scale" ? `${one.id} ${one.min}–${one.max}` : one.id));

  it("have question ids and scales that metrics rely on", () => {
    expect(ids("nps")).toEqual(["recommend 0–10"]);
    expect(ids("ces1")).toEqual(["effort 1–5"]);
    expect(ids("ces2")).toEqual(["easy 1–7"]);
    expect(ids("womi")).toEqual(["recommend 1–10", "discourage 1–10"]);
    expect(ids("goal-effort-emotion")).toEqual(["goal", "effort 1–5", "emotion 1–5"]);
    expect(ids("csi").every((id) => id.endsWith(" 1–10"))).toBe(true);
    const weights = questions("csi").map((one) => (one.kind === "scale" ? (one.weight ?? 0) : 0));
    expect(weights.reduce((sum, weight) => sum + weight)).toBe(100);
    const items = [
      "t",
      "t",
      "t",
      "t",
      "r",
      "r",
      "r",
      "r",
      "r",
      "s",
      "s",
      "s",
      "s",
      "a",
      "a",
      "a",
      "a",
      "e",
      "e",
      "e",
      "e",
      "e",
    ];
    const numbered = items.map(
      (letter, i) => `${letter}${items.slice(0, i + 1).filter((one) => one === letter).length}`,
    );
    expect(ids("servqual")).toEqual(numbered.flatMap((item) => [`${item}e 1–7`, `${item}p 1–7`]));
    expect(ids("servperf")).toEqual(numbered.map((item) => `${item}p 1–7`));
  });

  it.each(Object.keys(TEMPLATES) as (keyof typeof TEMPLATES)[])(
    "%s speaks English, German and Russian throughout",
    (name) => {
      const seen = new Set<string>();
      for (const question of questions(name)) {
        const texts = [
          question.text,
          ...("options" in question ? question.options.map(({ text }) => text) : []),
          ...(question.kind === "scale" ? [question.low, question.high] : []),
        ];
        for (const text of texts) {
          expect(text).toEqual({ en: expect.any(String), de: expect.any(String), ru: expect.stringMatching(/[а-я]/i) });
          if (typeof text !== "object") continue;
          expect(new Set(Object.values(text)).size).toBe(3);
        }
        const key = JSON.stringify(question.text);
        expect(seen.has(key)).toBe(false);
        seen.add(key);
      }
    },
  );
});
