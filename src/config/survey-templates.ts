// Ready questionnaires: what the field asks, in our own words, in English, German and Russian.

import type { z } from "zod";
import { SERVPERF, SERVQUAL } from "./servqual.ts";
import type { SurveyQuestion } from "./surveys.ts";

/** Texts of a template: every language that it is offered in. */
interface InThree {
  readonly en: string;
  readonly de: string;
  readonly ru: string;
}
/** A question as it would be written in a file. */
export type TemplateQuestion = z.input<typeof SurveyQuestion>;

export interface Template {
  readonly languages: readonly string[];
  readonly rotate?: number;
  readonly questions: readonly TemplateQuestion[];
}

const LANGUAGES = ["en", "de", "ru"] as const;

function three(en: string, de: string, ru: string): Record<keyof InThree, string> {
  return { en, de, ru };
}

const LIKELY = {
  low: three("certainly not", "sicher nicht", "точно нет"),
  high: three("certainly", "ganz sicher", "точно да"),
};
const BAD_GOOD = {
  low: three("very bad", "sehr schlecht", "очень плохо"),
  high: three("very good", "sehr gut", "очень хорошо"),
};

/** Frederick F. Reichheld, "The One Number You Need to Grow", Harvard Business Review, December 2003. */
const nps: Template = {
  languages: LANGUAGES,
  questions: [
    {
      kind: "scale",
      id: "recommend",
      min: 0,
      max: 10,
      ...LIKELY,
      text: three(
        "Would you tell a friend or colleague to come to us?",
        "Würden Sie Freunden oder Kollegen raten, zu uns zu kommen?",
        "Посоветуете ли вы нас друзьям или коллегам?",
      ),
    },
  ],
};

const EFFORT: TemplateQuestion = {
  kind: "scale",
  id: "effort",
  min: 1,
  max: 5,
  low: three("hardly any", "kaum welche", "почти никаких"),
  high: three("very much", "sehr viel", "очень много"),
  text: three(
    "How much trouble did you have to take over it yourself?",
    "Wie viel Mühe mussten Sie sich dafür selbst machen?",
    "Сколько усилий вам пришлось приложить самим?",
  ),
};

/** Version 1: M. Dixon, K. Freeman, N. Toman, "Stop Trying to Delight Your Customers", Harvard Business Review, July 2010. */
const ces1: Template = { languages: LANGUAGES, questions: [EFFORT] };

/** Version 2, a statement to agree with: M. Dixon, N. Toman, R. DeLisi, "The Effortless Experience", Portfolio, 2013. */
const ces2: Template = {
  languages: LANGUAGES,
  questions: [
    {
      kind: "scale",
      id: "easy",
      min: 1,
      max: 7,
      low: three("not true at all", "stimmt gar nicht", "совсем не так"),
      high: three("completely true", "stimmt völlig", "совершенно верно"),
      text: three(
        "We made it easy for you to get what you came for.",
        "Bei uns ging es leicht, wofür Sie gekommen sind.",
        "У нас легко получилось то, за чем вы пришли.",
      ),
    },
  ],
};

function item(id: string, weight: number, text: Record<keyof InThree, string>): TemplateQuestion {
  return { kind: "scale", id, min: 1, max: 10, weight, ...BAD_GOOD, text };
}

/**
 * A weighted mean of items (N. Hill, J. Alexander, "The Handbook of Customer Satisfaction and Loyalty Measurement", Gower,
 * 2006). Items and weights are ours, to be changed by a questionnaire of your own. It is not the ACSI, which is another's.
 */
const csi: Template = {
  languages: LANGUAGES,
  questions: [
    item(
      "goods",
      30,
      three("How good is what we sell?", "Wie gut ist, was wir verkaufen?", "Насколько хорош наш товар?"),
    ),
    item("staff", 25, three("How were you served?", "Wie wurden Sie bedient?", "Как вас обслужили?")),
    item("speed", 15, three("How quickly did it go?", "Wie schnell ging es?", "Насколько быстро всё прошло?")),
    item(
      "price",
      20,
      three("How fair are our prices?", "Wie angemessen sind unsere Preise?", "Насколько справедливы цены?"),
    ),
    item(
      "place",
      10,
      three("How pleasant is it here?", "Wie angenehm ist es hier?", "Насколько приятно у нас находиться?"),
    ),
  ],
};

/** Recommending and warning asked apart: Larry Freed, "Innovating Analytics", Wiley, 2013. */
const womi: Template = {
  languages: LANGUAGES,
  questions: [
    {
      kind: "scale",
      id: "recommend",
      min: 1,
      max: 10,
      ...LIKELY,
      text: three(
        "Will you speak well of us to somebody?",
        "Werden Sie jemandem Gutes von uns erzählen?",
        "Скажете ли вы кому-нибудь о нас хорошее?",
      ),
    },
    {
      kind: "scale",
      id: "discourage",
      min: 1,
      max: 10,
      ...LIKELY,
      text: three(
        "Will you warn somebody against us?",
        "Werden Sie jemandem von uns abraten?",
        "Станете ли вы кого-нибудь от нас отговаривать?",
      ),
    },
  ],
};

/**
 * Was the goal reached, at what effort, with what feeling: the three parts of an experience by B. D. Temkin, "2011 Temkin
 * Experience Ratings", Temkin Group, 2011 (there functional, accessible, emotional; later success, effort, emotion).
 */
const goalEffortEmotion: Template = {
  languages: LANGUAGES,
  questions: [
    {
      kind: "single",
      id: "goal",
      text: three(
        "Did you get what you came for?",
        "Haben Sie erreicht, wofür Sie gekommen sind?",
        "Получили ли вы то, за чем пришли?",
      ),
      options: [
        { id: "yes", text: three("Yes", "Ja", "Да") },
        { id: "partly", text: three("In part", "Zum Teil", "Частично") },
        { id: "no", text: three("No", "Nein", "Нет") },
      ],
    },
    EFFORT,
    {
      kind: "scale",
      id: "emotion",
      min: 1,
      max: 5,
      look: "smileys",
      ...BAD_GOOD,
      text: three("How do you feel now?", "Wie fühlen Sie sich jetzt?", "Что вы сейчас чувствуете?"),
    },
  ],
};

export const TEMPLATES = {
  nps,
  ces1,
  ces2,
  csi,
  womi,
  servqual: SERVQUAL,
  servperf: SERVPERF,
  "goal-effort-emotion": goalEffortEmotion,
} as const satisfies Readonly<Record<string, Template>>;
