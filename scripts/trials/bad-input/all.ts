// All rows of the table of bad input, subject by subject.
import { brokerRows } from "./broker.ts";
import { cameraRows } from "./camera.ts";
import { configRows } from "./config.ts";
import { httpDoorRows, mqttDoorRows } from "./doors.ts";
import { hidRows } from "./hid.ts";
import { journalRows } from "./journal.ts";
import { modelRows } from "./models.ts";
import type { Row } from "./row.ts";
import { scannerRows } from "./scanner.ts";
import { serialRows } from "./serial.ts";
import { surveyRows } from "./surveys.ts";

export const SUBJECTS = {
  serial: serialRows,
  hid: hidRows,
  scanner: scannerRows,
  config: configRows,
  survey: surveyRows,
  camera: cameraRows,
  models: modelRows,
  broker: brokerRows,
  journal: journalRows,
  "http-door": httpDoorRows,
  "mqtt-door": mqttDoorRows,
} as const satisfies Record<string, () => Promise<Row[]>>;

export type Subject = keyof typeof SUBJECTS;

/** Tries the subjects, two beside each other; rows come in the order of the subjects. */
export async function allRows(subjects = Object.keys(SUBJECTS) as Subject[]): Promise<Row[]> {
  const rows = new Map<Subject, Row[]>();
  const waiting = [...subjects];
  const work = async (): Promise<void> => {
    for (let subject = waiting.shift(); subject !== undefined; subject = waiting.shift())
      rows.set(subject, await SUBJECTS[subject]());
  };
  await Promise.all([work(), work()]);
  return subjects.flatMap((subject) => rows.get(subject) ?? []);
}
