// Questionnaires: asked in order, answered by screen or pad, kept over restarts; what is no answer is refused by its code.
import { describe, expect, it } from "vitest";
import { createSurveyDay } from "./survey-day.ts";

const VISIT = {
  id: "visit",
  version: 3,
  languages: ["en", "de"],
  timeoutS: 30,
  questions: [
    {
      kind: "scale" as const,
      id: "happy",
      version: 2,
      min: 1,
      max: 5,
      look: "smileys" as const,
      text: { en: "Happy?", de: "Zufrieden?" },
      branch: [{ to: 2, next: "why" }],
      next: "again",
    },
    {
      kind: "multiple" as const,
      id: "why",
      text: "What went wrong?",
      most: 2,
      options: [
        { id: "slow", text: "Too slow" },
        { id: "rude", text: { en: "Rude", de: "Unfreundlich" } },
        { id: "dirty", text: "Dirty" },
      ],
    },
    { kind: "yes-no" as const, id: "again", text: "Coming again?" },
    { kind: "text" as const, id: "words", text: "Anything else?", maxLength: 20 },
  ],
};
const SCREEN = { touchpoints: [{ id: "t", survey: "visit" }], surveys: [VISIT] };
const PAD = { touchpoints: [{ id: "t", pads: ["p"], survey: "visit" }], surveys: [VISIT] };

describe("a questionnaire on a screen", () => {
  it("shows what to ask, in the language, and tells every answer and the end", () => {
    const day = createSurveyDay(SCREEN);
    expect(day.shown()).toBeUndefined();
    expect(day.survey({ action: "start", language: "de" })).toEqual([]);
    expect(day.shown()).toMatchObject({
      survey: "visit",
      language: "de",
      question: "happy",
      text: "Zufrieden?",
      scale: { min: 1, max: 5, look: "smileys" },
      progress: { asked: 1, of: 4 },
    });
    day.survey({ action: "answer", question: "happy", value: 1 });
    expect(day.shown()).toMatchObject({
      question: "why",
      text: "What went wrong?",
      options: [{ text: "Too slow" }, { text: "Unfreundlich" }, { text: "Dirty" }],
      progress: { asked: 2, of: 4 },
    });
    day.survey({ action: "answer", choices: ["rude", "slow"] });
    day.survey({ action: "answer", value: 0 });
    day.survey({ action: "answer", text: " ok\u0000\ud800 " });
    expect(day.shown()).toBeUndefined();
    expect(day.of("answer").map(({ data }) => [data.question, data.value, data.choices, data.text])).toEqual([
      ["happy", 1, [], undefined],
      ["why", null, ["rude", "slow"], undefined],
      ["again", 0, [], undefined],
      ["words", null, [], "ok \ufffd"],
    ]);
    expect(day.of("answer")[0]?.data).toMatchObject({ surveyVersion: 3, questionVersion: 2, min: 1, max: 5 });
    expect(day.of("survey").map(({ data }) => data)).toEqual([
      expect.objectContaining({ outcome: "finished", asked: 4, answers: day.of("answer").map(({ id }) => id) }),
    ]);
  });

  it("branches by the answer, and offers the first language to whoever wants another", () => {
    const day = createSurveyDay(SCREEN);
    day.survey({ action: "start", language: "fr" });
    expect(day.shown()).toMatchObject({ language: "en", text: "Happy?" });
    day.survey({ action: "answer", value: 5 });
    expect(day.shown()).toMatchObject({ question: "again", progress: { asked: 2, of: 3 } });
  });

  it.each([
    ["a value off the scale", { value: 6 }],
    ["half a value", { value: 1.5 }],
    ["no number", { value: Number.NaN }],
    ["choices where a value is asked", { choices: ["slow"] }],
    ["two kinds at once", { value: 1, text: "x" }],
    ["nothing", {}],
    ["another question", { question: "why", choices: ["slow"] }],
    ["a question that does not exist", { question: "constructor", value: 1 }],
    ["another walk", { run: "id-77", value: 1 }],
    ["another questionnaire", { survey: "other", value: 1 }],
  ])("refuses %s and goes on asking", (_what, given) => {
    const day = createSurveyDay(SCREEN);
    day.survey({ action: "start" });
    expect(day.survey({ action: "answer", ...given })).toEqual(["ANSWER_INVALID"]);
    expect(day.shown()).toMatchObject({ question: "happy" });
    expect(day.facts).toEqual([]);
  });

  it.each([
    ["an unknown option", { choices: ["loud"] }],
    ["an option of every object", { choices: ["constructor"] }],
    ["an option twice", { choices: ["slow", "slow"] }],
    ["more than may be chosen", { choices: ["slow", "rude", "dirty"] }],
    ["none", { choices: [] }],
    ["the question before, again", { question: "happy", value: 1 }],
  ])("refuses %s for a multiple choice; what was said stays", (_what, given) => {
    const day = createSurveyDay(SCREEN);
    day.survey({ action: "start" });
    day.survey({ action: "answer", value: 2 });
    expect(day.survey({ action: "answer", ...given })).toEqual(["ANSWER_INVALID"]);
    expect(day.shown()).toMatchObject({ question: "why" });
    expect(day.of("answer")).toHaveLength(1);
  });

  it("refuses a text that is empty or too long", () => {
    const day = createSurveyDay(SCREEN);
    day.survey({ action: "start" });
    day.survey({ action: "answer", value: 5 });
    day.survey({ action: "answer", value: 1 });
    expect(day.survey({ action: "answer", text: " \u0007 " })).toEqual(["ANSWER_INVALID"]);
    expect(day.survey({ action: "answer", text: "x".repeat(21) })).toEqual(["ANSWER_INVALID"]);
    expect(day.survey({ action: "answer", text: "x".repeat(20) })).toEqual([]);
  });

  it("refuses what is not there, runs already, or is started too often", () => {
    const day = createSurveyDay(SCREEN);
    expect(day.survey({ action: "start", survey: "none" })).toEqual(["SURVEY_UNKNOWN"]);
    expect(day.survey({ action: "start", touchpoint: "constructor" })).toEqual(["SURVEY_UNKNOWN"]);
    expect(day.survey({ action: "answer", value: 1 })).toEqual(["ANSWER_INVALID"]);
    expect(day.survey({ action: "start" })).toEqual([]);
    expect(day.survey({ action: "start" })).toEqual(["SURVEY_REFUSED"]);
    day.survey({ action: "leave" });
    expect(day.survey({ action: "start" })).toEqual(["SURVEY_REFUSED"]);
    day.pass(1_000);
    expect(day.survey({ action: "start" })).toEqual([]);
  });

  it("keeps an abandoned one with what was said", () => {
    const day = createSurveyDay(SCREEN);
    day.survey({ action: "start" });
    day.survey({ action: "answer", value: 5 });
    day.pass(30_000);
    expect(day.of("survey")).toEqual([]);
    day.pass(1);
    expect(day.of("survey").map(({ data }) => [data.outcome, data.asked, data.answers])).toEqual([
      ["abandoned", 2, day.of("answer").map(({ id }) => id)],
    ]);
    expect(day.shown()).toBeUndefined();
  });

  it("does not take an answer after the time is over, though no tick came between", () => {
    const day = createSurveyDay(SCREEN);
    day.survey({ action: "start" });
    day.wait(30_001);
    expect(day.survey({ action: "answer", value: 5 })).toEqual(["ANSWER_INVALID"]);
    expect(day.of("survey").map(({ data }) => data.outcome)).toEqual(["abandoned"]);
  });
});

describe("a questionnaire on a pad", () => {
  it("begins with the first press, which is its first answer; every press is told once", () => {
    const day = createSurveyDay(PAD);
    const first = day.press("5", { counter: 1 });
    expect(first.afterCommit).toEqual([
      expect.objectContaining({ kind: "acknowledge" }),
      { kind: "indicate", pad: "p", pattern: "thanks" },
    ]);
    day.press("5", { counter: 1 });
    expect(day.shown()).toMatchObject({ question: "again" });
    day.press("yes", { counter: 2 });
    expect(day.of("answer").map(({ data }) => [data.question, data.value])).toEqual([
      ["happy", 5],
      ["again", 1],
    ]);
    expect(day.of("press")).toEqual([]);
    expect(day.shown()).toMatchObject({ question: "words" });
  });

  it("takes options one by one until as many are chosen as may be, or `done` is pressed", () => {
    const day = createSurveyDay(PAD);
    for (const button of ["1", "slow", "dirty"]) day.press(button);
    expect(day.of("answer").at(-1)?.data.choices).toEqual(["slow", "dirty"]);
    day.pass(30_001);
    for (const button of ["1", "slow", "slow", "rude", "done"]) day.press(button);
    expect(day.of("answer").at(-1)?.data.choices).toEqual(["rude"]);
    // Presses that chose or ended are there, and say that they are no ratings.
    expect(day.of("press").every(({ data }) => data.value === null && data.flags.includes("control"))).toBe(true);
    expect(day.of("press")).toHaveLength(6);
  });

  it("tells what was picked when nobody pressed done", () => {
    const day = createSurveyDay(PAD);
    for (const button of ["1", "slow"]) day.press(button);
    day.pass(30_001);
    expect(day.of("answer").map(({ data }) => data.choices)).toEqual([[], ["slow"]]);
    expect(day.of("survey").map(({ data }) => [data.outcome, data.answers.length])).toEqual([["abandoned", 2]]);
  });

  it("keeps a press that answers nothing now, flagged and acknowledged, and goes on asking", () => {
    const day = createSurveyDay(PAD);
    day.press("5", { counter: 1 });
    const stray = day.press("slow", { counter: 2 });
    expect(stray.dropped.map(({ code }) => code)).toEqual(["ANSWER_INVALID"]);
    expect(stray.afterCommit).toContainEqual(expect.objectContaining({ kind: "acknowledge" }));
    expect(day.of("press").map(({ data }) => [data.button, data.value, data.flags])).toEqual([
      ["slow", null, ["no-answer"]],
    ]);
    expect(day.shown()).toMatchObject({ question: "again" });
  });

  it.each(["stuck", "chatter"] as const)("takes no press of a button that is %s for an answer", (condition) => {
    const day = createSurveyDay(PAD);
    day.decide({ kind: "condition", pad: "p", button: "5", condition, atMs: 1_000_000 });
    for (let i = 0; i < 3; i += 1) {
      day.press("5");
      day.pass(1_000);
    }
    expect(day.of("answer")).toEqual([]);
    expect(day.of("press").map(({ data }) => [data.value, data.flags])).toEqual(
      Array(3).fill([null, [condition, "no-answer"]]),
    );
    day.decide({ kind: "condition", pad: "p", button: "5", condition: "ok", atMs: 1_000_000 });
    day.press("5");
    expect(day.of("answer")).toHaveLength(1);
    day.decide({ kind: "condition", pad: "p", button: "yes", condition, atMs: 1_000_000 });
    day.press("yes");
    expect(day.of("answer")).toHaveLength(1);
    expect(day.shown()).toMatchObject({ question: "again" });
  });

  it("does not take a press from before the question was shown for its answer", () => {
    const day = createSurveyDay(PAD);
    day.press("5");
    day.pass(5_000);
    day.press("yes", { agoMs: 6_000 });
    expect(day.of("answer")).toHaveLength(1);
    expect(day.of("press").map(({ data }) => data.flags)).toEqual([["no-answer"]]);
  });

  it("does not take the second tap of a button for the answer to the question that the first brought up", () => {
    const day = createSurveyDay({
      touchpoints: [{ id: "t", pads: ["p"], survey: "w" }],
      surveys: [{ id: "w", template: "womi" as const }],
    });
    day.press("9");
    day.wait(499);
    day.press("9");
    expect(day.of("answer")).toHaveLength(1);
    expect(day.of("press").map(({ data }) => data.flags)).toEqual([["no-answer"]]);
    day.wait(1);
    day.press("9");
    expect(day.of("answer").map(({ data }) => [data.question, data.value])).toEqual([
      ["recommend", 9],
      ["discourage", 9],
    ]);
  });

  it("knows buttons by another name, per questionnaire and per question, and words: start and leave", () => {
    const questions = VISIT.questions.map((question) =>
      question.id === "happy" ? { ...question, buttons: { red: "2" } } : question,
    );
    const day = createSurveyDay({
      ...PAD,
      surveys: [
        {
          ...VISIT,
          buttons: { green: "5", red: "1", black: "leave", white: "start" },
          questions,
        },
      ],
    });
    day.press("white");
    expect(day.shown()).toMatchObject({ question: "happy" });
    day.press("red");
    expect(day.of("answer").map(({ data }) => data.value)).toEqual([2]);
    day.press("black");
    expect(day.of("survey").map(({ data }) => data.outcome)).toEqual(["abandoned"]);
    expect(day.press("blue").dropped.map(({ code }) => code)).toEqual(["BUTTON_UNKNOWN"]);
  });

  it("leaves ratings alone: a rating button that is no answer rates while a screen asks", () => {
    const day = createSurveyDay({
      touchpoints: [
        { id: "t", pads: ["p"], survey: "visit", question: { id: "q", max: 9, buttons: { "1": 1, "9": 9 } } },
      ],
      surveys: [VISIT],
    });
    day.press("1");
    expect(day.of("press").map(({ data }) => data.value)).toEqual([1]);
    day.survey({ action: "start" });
    day.press("9");
    day.press("1");
    expect(day.of("press").map(({ data }) => data.value)).toEqual([1, 9]);
    expect(day.of("answer").map(({ data }) => data.value)).toEqual([1]);
  });
});

describe("quotas", () => {
  const quota = { ...VISIT, questions: VISIT.questions.slice(2, 3), quotaPerDay: 2 };
  it("leave a question out once it had its answers of the day, in the place's own days", () => {
    const day = createSurveyDay(
      { touchpoints: [{ id: "t", pads: ["p"], survey: "visit" }], surveys: [quota] },
      "Asia/Tokyo",
    );
    for (const button of ["yes", "no"]) day.press(button);
    expect(day.survey({ action: "start" })).toEqual(["SURVEY_REFUSED"]);
    const late = day.press("yes", { counter: 1 });
    expect(late.afterCommit).toContainEqual(expect.objectContaining({ kind: "acknowledge" }));
    expect(day.of("press").map(({ data }) => data.flags)).toEqual([["no-answer"]]);
    // 09:16 UTC is 18:16 in Tokyo: six hours later it is tomorrow there.
    day.pass(6 * 3_600_000);
    expect(day.survey({ action: "start" })).toEqual([]);
  });

  it("hold over restarts, and when two touchpoints ask at once", () => {
    const two = { touchpoints: ["t", "u", "v"].map((id) => ({ id, survey: "visit" })), surveys: [quota] };
    const day = createSurveyDay(two);
    expect(day.survey({ action: "start", touchpoint: "t" })).toEqual([]);
    expect(day.survey({ action: "start", touchpoint: "u" })).toEqual([]);
    expect(day.survey({ action: "start", touchpoint: "v" })).toEqual(["SURVEY_REFUSED"]);
    day.survey({ action: "answer", touchpoint: "t", value: 1 });
    day.restart();
    expect(day.survey({ action: "start", touchpoint: "v" })).toEqual(["SURVEY_REFUSED"]);
    day.survey({ action: "leave", touchpoint: "u" });
    expect(day.survey({ action: "start", touchpoint: "v" })).toEqual([]);
  });
});

describe("a restart", () => {
  it("goes on where it was, with the same question shown", () => {
    const day = createSurveyDay(PAD);
    for (const button of ["1", "slow"]) day.press(button);
    const before = day.shown();
    day.restart(10_000, true);
    expect(day.shown()).toEqual(before);
    day.press("rude");
    expect(day.of("answer").at(-1)?.data.choices).toEqual(["slow", "rude"]);
  });

  it("tells as abandoned what waited too long, whatever boottime says, with what was said", () => {
    const day = createSurveyDay(PAD);
    for (const button of ["1", "slow"]) day.press(button);
    day.restart(30_001, true);
    expect(day.of("answer")).toHaveLength(2);
    expect(day.of("survey").map(({ data }) => [data.outcome, data.answers.length])).toEqual([["abandoned", 2]]);
    expect(day.kept()).not.toHaveProperty("survey:at:t");
    const told = day.of("survey")[0]?.data;
    expect(Date.parse(told?.end ?? "") - Date.parse(told?.start ?? "")).toBe(30_001);
  });

  it.each([
    ["another version", { ...SCREEN, surveys: [{ ...VISIT, version: 4 }] }],
    ["no such questionnaire any more", { touchpoints: [{ id: "t" }] }],
    ["no such touchpoint any more", { touchpoints: [{ id: "u" }] }],
  ])("with %s tells the open one as abandoned", (_what, fleet) => {
    const day = createSurveyDay(SCREEN);
    day.survey({ action: "start" });
    day.survey({ action: "answer", value: 4 });
    day.restart(1, false, fleet);
    expect(day.of("survey").map(({ data }) => [data.outcome, data.answers.length])).toEqual([["abandoned", 1]]);
    expect(Object.keys(day.kept()).filter((key) => key.startsWith("survey:at:u"))).toEqual([]);
    expect(day.shown()).toBeUndefined();
  });

  it("forgets what it cannot read", () => {
    const day = createSurveyDay(SCREEN);
    day.keep({
      "survey:at:t": { run: 7 },
      "survey:rotation:visit": "x",
      "survey:count:visit": [],
      "survey:count:gone": {},
    });
    day.restart();
    expect(day.kept()).toEqual({});
    expect(day.survey({ action: "start" })).toEqual([]);
  });
});
