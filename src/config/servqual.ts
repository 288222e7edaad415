// SERVQUAL and SERVPERF: 22 things that make a service, in five dimensions, in our own words.
import type { Template, TemplateQuestion } from "./survey-templates.ts";

/**
 * Dimensions and the number of items in each: A. Parasuraman, V. A. Zeithaml, L. L. Berry, "SERVQUAL: A Multiple-Item Scale
 * for Measuring Consumer Perceptions of Service Quality", Journal of Retailing 64(1), 1988. The letter begins the item's id:
 * t tangibles, r reliability, s responsiveness, a assurance, e empathy. Item: English, German, Russian.
 */
const ITEMS: Readonly<Record<string, readonly [en: string, de: string, ru: string]>> = {
  t1: ["The equipment is up to date.", "Die Ausstattung ist zeitgemäß.", "Оборудование современное."],
  t2: ["The rooms look inviting.", "Die Räume wirken einladend.", "Помещение выглядит приятно."],
  t3: ["The staff look neat.", "Das Personal sieht gepflegt aus.", "Сотрудники выглядят опрятно."],
  t4: [
    "Signs and leaflets are well made.",
    "Schilder und Prospekte sind gut gemacht.",
    "Вывески и буклеты сделаны хорошо.",
  ],
  r1: [
    "What is promised for a day is done that day.",
    "Zugesagte Termine werden gehalten.",
    "Обещанное делают в срок.",
  ],
  r2: [
    "If there is a problem, people care to solve it.",
    "Bei Problemen wird ehrlich geholfen.",
    "Проблемы искренне стараются решить.",
  ],
  r3: ["It is done right at the first try.", "Es klappt beim ersten Mal.", "Всё получается с первого раза."],
  r4: ["One is served when one was told.", "Man kommt zur genannten Zeit dran.", "Обслуживают тогда, когда сказали."],
  r5: ["Bills and records are right.", "Rechnungen und Unterlagen stimmen.", "В счетах и записях нет ошибок."],
  s1: [
    "One is told when something will be ready.",
    "Man erfährt, wann etwas fertig ist.",
    "Сообщают, когда всё будет готово.",
  ],
  s2: ["One is served quickly.", "Man wird rasch bedient.", "Обслуживают быстро."],
  s3: ["The staff like to help.", "Das Personal hilft gern.", "Сотрудники помогают охотно."],
  s4: ["There is always time for a question.", "Für Fragen ist immer Zeit.", "На вопросы всегда находят время."],
  a1: ["One can trust the staff.", "Man kann dem Personal vertrauen.", "Сотрудникам можно доверять."],
  a2: ["One feels safe when paying.", "Beim Bezahlen fühlt man sich sicher.", "Платить спокойно и безопасно."],
  a3: ["The staff are polite.", "Das Personal ist höflich.", "Сотрудники вежливы."],
  a4: ["The staff know what they talk about.", "Das Personal kennt sich aus.", "Сотрудники знают своё дело."],
  e1: ["One is seen as a person.", "Man wird als Mensch gesehen.", "К каждому относятся лично."],
  e2: ["The hours suit the customers.", "Die Öffnungszeiten passen den Kunden.", "Часы работы удобны."],
  e3: ["Somebody takes time for each customer.", "Für jeden nimmt sich jemand Zeit.", "Каждому уделяют время."],
  e4: ["The customer's good comes first.", "Das Wohl des Kunden geht vor.", "Интересы покупателя на первом месте."],
  e5: ["People understand what one needs.", "Man versteht, was der Kunde braucht.", "Понимают, что нужно покупателю."],
};

const AGREE = {
  min: 1,
  max: 7,
  low: { en: "not true at all", de: "stimmt gar nicht", ru: "совсем не так" },
  high: { en: "completely true", de: "stimmt völlig", ru: "совершенно верно" },
} as const;

type Side = "e" | "p";
const OF: Readonly<Record<Side, readonly [en: string, de: string, ru: string]>> = {
  e: ["In a very good shop:", "In einem sehr guten Geschäft:", "В очень хорошем магазине:"],
  p: ["Here with us:", "Hier bei uns:", "У нас:"],
};

function ask(item: string, side: Side): TemplateQuestion {
  const [en, de, ru] = ITEMS[item] ?? ["", "", ""];
  const text = { en: `${OF[side][0]} ${en}`, de: `${OF[side][1]} ${de}`, ru: `${OF[side][2]} ${ru}` };
  return { kind: "scale", id: `${item}${side}`, group: item, ...AGREE, text };
}

/** Each item twice: expected (`t1e`) and perceived (`t1p`). One pair per customer; the 22 are spread evenly over many. */
export const SERVQUAL: Template = {
  languages: ["en", "de", "ru"],
  rotate: 1,
  questions: Object.keys(ITEMS).flatMap((item) => [ask(item, "e"), ask(item, "p")]),
};

/**
 * Perceptions alone: J. J. Cronin, S. A. Taylor, "Measuring Service Quality: A Reexamination and Extension", Journal of
 * Marketing 56(3), 1992. The same items under the same ids (`t1p`).
 */
export const SERVPERF: Template = {
  languages: ["en", "de", "ru"],
  rotate: 2,
  questions: Object.keys(ITEMS).map((item) => ask(item, "p")),
};
