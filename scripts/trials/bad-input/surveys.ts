// Bad questionnaires in the configuration: the daemon refuses to start with them and names the line.
import { refused, SMALL } from "./config.ts";
import { type Case, type Row, tryAll } from "./row.ts";

/** A questionnaire of two questions that is good, to be spoilt; it stands under `fleet`, the last part of the file. */
const GOOD = `${SMALL}  surveys:
    - id: exit
      questions:
        - { id: clean, kind: yes-no, text: Clean, next: kind }
        - { id: kind, kind: yes-no, text: Kind, next: end }
`;

export async function surveyRows(): Promise<Row[]> {
  return await tryAll("survey", [
    spoilt("nothing under surveys", GOOD.slice(0, GOOD.indexOf("    - id: exit")), "  surveys:"),
    spoilt("no question", GOOD.replace(/questions:\n[\s\S]*$/, "questions: []\n"), "questions: []"),
    spoilt("neither questions nor a template", GOOD.replace(/ {6}questions:\n[\s\S]*$/, ""), "- id: exit"),
    spoilt("101 questions", manyQuestions(101), "questions:"),
    spoilt("a question of 501 characters", withText(501), "id: kind,"),
    refused("a question of a megabyte", "CONFIG_UNREADABLE", withText(1_048_576)),
    refused("a questionnaire cut in half", "CONFIG_SYNTAX", GOOD.slice(0, GOOD.indexOf("text: Kind"))),
    refused("a questionnaire with random bytes in it", "CONFIG_UNREADABLE", binary()),
    spoilt("a number for the text", GOOD.replace("text: Kind", "text: 7"), "text: 7"),
    spoilt(
      "a kind of question that is not there",
      GOOD.replace("id: kind, kind: yes-no", "id: kind, kind: ode"),
      "ode",
    ),
    spoilt("a branch to nowhere", GOOD.replace("next: end", "next: nowhere"), "next: nowhere"),
    spoilt("a loop", GOOD.replace("next: end", "next: clean"), "next: clean"),
    spoilt(
      "a question twice",
      GOOD.replace("id: kind,", "id: clean,").replace("next: kind", "next: end"),
      "text: Kind",
    ),
    spoilt("a questionnaire twice", `${GOOD}${GOOD.slice(GOOD.indexOf("    - id: exit"))}`, "- id: exit"),
  ]);
}

/** @param at what stands in the last line that has it: the line that has to be named */
function spoilt(tried: string, text: string, at: string): Case {
  const line = text.slice(0, text.lastIndexOf(at)).split("\n").length;
  return refused(tried, "CONFIG_INVALID", text, `line ${line}`);
}

function withText(length: number): string {
  return GOOD.replace("text: Kind", `text: ${"x".repeat(length)}`);
}

function manyQuestions(count: number): string {
  const questions = Array.from({ length: count }, (_, i) => `        - { id: q${i}, kind: yes-no, text: Well }\n`);
  return GOOD.replace(/questions:\n[\s\S]*$/, `questions:\n${questions.join("")}`);
}

/** Bytes that no UTF-8 text has, where the text of a question belongs. */
function binary(): Uint8Array {
  const at = GOOD.indexOf("Kind, next");
  return Buffer.concat([
    Buffer.from(GOOD.slice(0, at)),
    Buffer.from([0xff, 0xfe, 0x80, 0xc0]),
    Buffer.from(GOOD.slice(at)),
  ]);
}
