// What holds of alerts and fair play whatever happens: restarts change nothing, revs rise, presses are neither lost nor doubled.
import fc from "fast-check";
import { expect, test } from "vitest";
import { createShift, type Shift } from "./shift.ts";

type Act = (shift: Shift) => void;

const openingHours = [{ days: ["mon" as const], from: "13:55", to: "14:20" }];
const alerts = {
  rules: [
    { id: "bad", kind: "rating" as const, atOrBelow: 1, escalateAfterS: 60, resolveWithinS: 200, cooldownS: 20 },
    { id: "slow", kind: "reason" as const, buttons: ["slow"], cooldownS: 0 },
    { id: "two", kind: "bad-count" as const, atOrBelow: 2, n: 2, withinS: 90, cooldownS: 5 },
    { id: "mean", kind: "mean" as const, below: 2.6, n: 3, withinS: 120 },
    { id: "share", kind: "bad-share" as const, atOrBelow: 2, above: 0.4, n: 3, withinS: 120 },
    { id: "quiet", kind: "silence" as const, afterS: 60 },
    { id: "stuck", kind: "stuck" as const, cooldownS: 0 },
    { id: "cam", kind: "camera" as const, afterS: 30 },
  ],
  staffButtons: [{ pad: "p1", button: "done", action: "resolve" as const }],
};

let counter = 0;
const press = (button: string, times = 1): Act => {
  counter = (counter + 1) % 60_000;
  const own = counter;
  return (shift) => {
    for (let i = 0; i < times; i += 1) shift.press(button, own);
  };
};
interface Named {
  readonly name: string;
  readonly do: () => Act;
}
const act: fc.Arbitrary<Named> = fc.oneof(
  fc
    .tuple(fc.constantFrom("1", "2", "3", "4", "slow", "done"), fc.integer({ min: 1, max: 2 }))
    .map(([button, times]) => ({ name: `press ${button} ×${times}`, do: () => press(button, times) })),
  fc
    .integer({ min: 1, max: 200 })
    .map((s) => ({ name: `${s} s`, do: () => (shift: Shift) => shift.pass(s * 1_000, 5_000) })),
  fc
    .constantFrom("acknowledge" as const, "resolve" as const)
    .map((action) => ({ name: action, do: () => (shift: Shift) => void shift.say(action) })),
  fc.constantFrom("stuck" as const, "ok" as const).map((condition) => ({
    name: `3 is ${condition}`,
    do: () => (shift: Shift) => void shift.condition("3", condition),
  })),
  fc.boolean().map((live) => ({ name: `camera ${live}`, do: () => (shift: Shift) => void shift.camera(live) })),
);

/** Ids are drawn anew by each run: what they point at is what matters. */
function told(shift: Shift): unknown[] {
  const names = new Map<string, string>();
  const known = (id: string): string => {
    const name = names.get(id) ?? `#${names.size}`;
    names.set(id, name);
    return name;
  };
  return shift.facts.map((fact) => {
    const { type, touchpoint, atMs } = fact;
    known(fact.id);
    const data = JSON.parse(JSON.stringify(fact.data), (_key, value: unknown) =>
      typeof value === "string" && value.startsWith("id-") ? known(value) : value,
    );
    return { type, touchpoint, atMs, data };
  });
}

/** Restarts do not hide what devices go on saying: a camera that was live shows itself, a stuck button is still stuck. */
function run(acts: readonly Act[], restartAt: ReadonlySet<number>): Shift {
  const shift = createShift({ alerts, fairPlay: {}, openingHours });
  acts.forEach((one, i) => {
    if (restartAt.has(i)) shift.restart();
    one(shift);
  });
  return shift;
}

/** What happens in a shift, and before which of it the agent is started again. */
const anyShift = [fc.array(act, { minLength: 1, maxLength: 60 }), fc.array(fc.nat(59), { maxLength: 5 })] as const;
const runAt = (chosen: readonly { readonly do: () => Act }[], at: readonly number[]): Shift =>
  run(
    chosen.map((one) => one.do()),
    new Set(at),
  );

test("any prefix and a restart is no restart", () => {
  fc.assert(
    fc.property(
      fc.array(act, { minLength: 1, maxLength: 40 }),
      fc.array(fc.nat(39), { minLength: 1, maxLength: 6 }),
      (chosen, at) => {
        // A stuck button is a flag of later presses only while the agent remembers: the pad says it again.
        const acts = chosen.map((one) => one.do());
        const stuckSaid = new Set(at.filter((i) => stuckBefore(chosen.slice(0, i).map(({ name }) => name))));
        const withWord = acts.map(
          (one, i): Act =>
            stuckSaid.has(i)
              ? (shift) => {
                  shift.condition("3", "stuck");
                  one(shift);
                }
              : one,
        );
        const camera = withWord.map(
          (one, i): Act =>
            at.includes(i) && liveBefore(chosen.slice(0, i).map(({ name }) => name))
              ? (shift) => {
                  shift.camera(true);
                  one(shift);
                }
              : one,
        );
        expect(told(run(camera, new Set(at)))).toEqual(told(run(camera, new Set())));
      },
    ),
    { numRuns: 150 },
  );
});

function stuckBefore(names: readonly string[]): boolean {
  return names.lastIndexOf("3 is stuck") > names.lastIndexOf("3 is ok");
}
function liveBefore(names: readonly string[]): boolean {
  return names.lastIndexOf("camera true") > names.lastIndexOf("camera false");
}

test("of each key revs rise one by one from raised to resolved, and nothing follows resolved; one is open per rule", () => {
  fc.assert(
    fc.property(...anyShift, (chosen, at) => {
      const shift = runAt(chosen, at);
      const last = new Map<string, { rev: number; state: string; count: number }>();
      const open = new Map<string, string>();
      for (const { data } of shift.of("alert")) {
        const before = last.get(data.key);
        expect(data.rev).toBe((before?.rev ?? 0) + 1);
        expect(before === undefined).toBe(data.state === "raised" && data.rev === 1);
        expect(before?.state).not.toBe("resolved");
        expect(data.count).toBeGreaterThanOrEqual(before?.count ?? 1);
        expect(open.get(data.rule) ?? data.key).toBe(data.key);
        if (data.state === "resolved") open.delete(data.rule);
        else open.set(data.rule, data.key);
        last.set(data.key, data);
      }
    }),
    { numRuns: 150 },
  );
});

test("no press is lost or doubled, and each judgement names presses that are there", () => {
  fc.assert(
    fc.property(...anyShift, (chosen, at) => {
      const shift = runAt(chosen, at);
      const rated = chosen.filter(({ name }) => name.startsWith("press") && !name.startsWith("press done"));
      const presses = shift.of("press");
      expect(presses.map(({ data }) => data.button)).toEqual(rated.map(({ name }) => name.split(" ")[1]));
      const ids = new Set(presses.map(({ id }) => id));
      for (const { data } of shift.of("judgement")) for (const id of data.presses) expect(ids.has(id)).toBe(true);
    }),
    { numRuns: 150 },
  );
});
