// Every row of the table of bad input holds on the real program, and the page in docs/ is that table.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { SUBJECTS, type Subject } from "../../scripts/trials/bad-input/all.ts";
import { isAsExpected, type Row, table } from "../../scripts/trials/bad-input/row.ts";
import { which } from "../../src/supervise/child.ts";
import { mosquittoProgram } from "../fakes/mosquitto.ts";

const missing = ["socat", "ffmpeg", "mosquitto_sub", "mosquitto_passwd"].filter(
  (program) => which(program) === undefined,
);
if (mosquittoProgram() === undefined) missing.push("mosquitto");

const page = readFileSync(fileURLToPath(new URL("../../docs/bad-input.md", import.meta.url)), "utf8");

describe.skipIf(missing.length > 0)(`bad input (not installed: ${missing.join(", ") || "nothing"})`, () => {
  describe.each(Object.keys(SUBJECTS) as Subject[])("%s", (subject) => {
    let rows: Row[] = [];
    beforeAll(async () => {
      rows = await SUBJECTS[subject]();
    }, 180_000);

    test("each case comes out as it has to", () => {
      expect(rows.filter((row) => !isAsExpected(row))).toEqual([]);
      expect(rows.length).toBeGreaterThan(5);
    });

    test("docs/bad-input.md says so", () => {
      const lines = table(rows).split("\n").slice(2);
      expect(lines.filter((line) => !page.includes(`${line}\n`))).toEqual([]);
      const printed = page.split("\n").filter((line) => line.startsWith(`| ${rows[0]?.subject} |`));
      expect(printed).toEqual(lines);
    });
  });
});

test("a row that differs is seen", () => {
  const row: Row = { subject: "s", tried: "t", expected: "dropped", came: "the agent ended" };
  expect(isAsExpected(row)).toBe(false);
  expect(table([row])).toContain("**the agent ended** (expected: dropped)");
});
