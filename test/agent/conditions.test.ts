// A stuck or bouncing button shows in health, by its own name, until it is well again.
import { expect, it } from "vitest";
import { reportCondition } from "../../src/agent/conditions.ts";
import { createHealth } from "../../src/health/health.ts";

it("says which button is stuck, which bounces, and when each is well again", () => {
  const changes: string[] = [];
  const health = createHealth(
    () => 0,
    (stage, { state, code }) => changes.push(`${stage} ${state} ${code ?? ""}`.trim()),
  );
  const condition = (button: string, what: "stuck" | "chatter" | "ok"): void =>
    reportCondition({ kind: "condition", pad: "p1", button, condition: what, atMs: 0 }, health);
  condition("4", "stuck");
  condition("4", "stuck");
  condition("2", "chatter");
  expect(health.good()).toBe(false);
  condition("4", "ok");
  condition("2", "ok");
  expect(health.good()).toBe(true);
  expect(changes).toEqual([
    "button:p1/4 degraded BUTTON_STUCK",
    "button:p1/2 degraded BUTTON_CHATTER",
    "button:p1/4 ok",
    "button:p1/2 ok",
  ]);
});
