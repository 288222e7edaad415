// The loyalty button's follow-up: why it was bad, what was liked; the next customer's rating is never swallowed.
import { describe, expect, it } from "vitest";
import { createSurveyDay } from "./survey-day.ts";

const WHY = {
  kind: "single" as const,
  id: "why",
  text: { en: "Why?", ru: "Почему?" },
  options: [
    { id: "slow", text: "Slow" },
    { id: "rude", text: "Rude" },
    { id: "dirty", text: "Dirty" },
  ],
  buttons: { "4": "dirty" },
};
const LIKED = { kind: "scale" as const, id: "fast", min: 1, max: 3, text: "How fast were we?" };
const FLEET = {
  touchpoints: [
    {
      id: "t",
      pads: ["p"],
      survey: "longer",
      question: {
        id: "visit",
        version: 2,
        buttons: { "1": 1, "2": 2, "3": 3, "4": 4, slow: null },
        followUp: { bad: { at: 1, ask: WHY }, good: { at: 4, ask: LIKED } },
      },
    },
  ],
  surveys: [{ id: "longer", questions: [{ kind: "yes-no" as const, id: "sure", text: "Sure?" }] }],
};
const said = (day: ReturnType<typeof createSurveyDay>) =>
  day.facts.map(({ type, data }) =>
    type === "press"
      ? `press ${data.value}`
      : type === "answer"
        ? `answer ${data.question} ${data.value ?? data.choices.join()}`
        : type === "survey"
          ? `${data.survey} ${data.outcome}`
          : type,
  );

describe("after a rating", () => {
  it("a bad one is asked why; the answer names the press that it follows", () => {
    const day = createSurveyDay(FLEET);
    day.press("1", { counter: 1 });
    expect(day.shown()).toMatchObject({ followUp: true, survey: "visit-bad", surveyVersion: 2, question: "why" });
    day.pass(7_000);
    day.press("rude", { counter: 2 });
    expect(said(day)).toEqual(["press 1", "answer why rude", "visit-bad finished"]);
    expect(day.of("answer")[0]?.data.follows).toBe(day.of("press")[0]?.id);
    expect(day.shown()).toBeUndefined();
  });

  it("a good one is asked what was good, one between is asked nothing", () => {
    const day = createSurveyDay(FLEET);
    day.press("4");
    expect(day.shown()).toMatchObject({ survey: "visit-good", scale: { min: 1, max: 3 } });
    day.press("3");
    expect(said(day)).toEqual(["press 4", "answer fast 3", "visit-good finished"]);
    day.press("3");
    expect(day.shown()).toBeUndefined();
  });

  it("a reason button that answers is told as press and as answer, and each names the other", () => {
    const day = createSurveyDay(FLEET);
    day.press("1");
    day.press("slow");
    expect(said(day)).toEqual(["press 1", "press null", "answer why slow", "visit-bad finished"]);
    const [rating, reason] = day.of("press");
    expect(reason?.data).toMatchObject({ question: "visit", button: "slow", follows: rating?.id, flags: [] });
    expect(day.of("answer")[0]?.data).toMatchObject({ press: reason?.id, follows: rating?.id });
    // Alone it stays what it was.
    day.press("slow");
    expect(day.of("press").at(-1)?.data.follows).toBeUndefined();
    expect(day.of("answer")).toHaveLength(1);
  });

  it("a rating button that is no option is the next customer's rating", () => {
    const day = createSurveyDay(FLEET);
    for (const button of ["1", "1", "2"]) day.press(button);
    expect(said(day)).toEqual(["press 1", "press 1", "visit-bad abandoned", "press 2", "visit-bad abandoned"]);
  });

  it("a rating button that is an option answers, until the short time is over", () => {
    const day = createSurveyDay(FLEET);
    for (const wait of [8_000, 8_001]) {
      day.press("1");
      day.wait(wait);
      day.press("4");
      day.pass(10_000);
    }
    expect(said(day)).toEqual([
      "press 1",
      "answer why dirty",
      "visit-bad finished",
      "press 1",
      "press 4",
      "visit-bad abandoned",
      "visit-good abandoned",
    ]);
  });

  it("asks nobody who is not there: a press that comes late, and a button that is stuck", () => {
    const day = createSurveyDay(FLEET);
    day.press("1", { agoMs: 8_001 });
    expect(day.shown()).toBeUndefined();
    day.decide({ kind: "condition", pad: "p", button: "1", condition: "stuck", atMs: 0 });
    day.press("1");
    expect(day.shown()).toBeUndefined();
    expect(day.of("press")).toHaveLength(2);
  });

  it("does not break into a questionnaire, which in its turn ends a follow-up", () => {
    const day = createSurveyDay(FLEET);
    day.press("1");
    expect(day.survey({ action: "start" })).toEqual([]);
    expect(day.shown()).toMatchObject({ survey: "longer" });
    day.press("1");
    expect(day.shown()).toMatchObject({ survey: "longer" });
    day.press("yes");
    expect(said(day)).toEqual(["press 1", "visit-bad abandoned", "press 1", "answer sure 1", "longer finished"]);
  });

  it("can be answered on a screen, and is over after a restart that took longer", () => {
    const day = createSurveyDay(FLEET);
    day.press("1");
    day.survey({ action: "answer", question: "why", choices: ["dirty"] });
    day.pass(1);
    day.press("1");
    day.restart(4_000, true);
    expect(day.shown()).toMatchObject({ survey: "visit-bad" });
    day.restart(4_001, true);
    expect(day.shown()).toBeUndefined();
    expect(said(day)).toEqual(["press 1", "answer why dirty", "visit-bad finished", "press 1", "visit-bad abandoned"]);
  });
});
