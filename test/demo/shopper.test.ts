// The auto-shopper: seeded, and the first one always presses.
import { expect, test } from "vitest";
import { shoppers, startShopper } from "../../src/demo/shopper.ts";

const BUTTONS = ["1", "2", "3", "4"];
const day = (seed: number) => {
  const next = shoppers(seed, BUTTONS);
  return Array.from({ length: 200 }, () => next());
};

test("the same seed shops the same way, another seed another", () => {
  expect(day(3)).toEqual(day(3));
  expect(day(3)).not.toEqual(day(4));
});

test("the first presses whatever the seed; later some do not; every button exists", () => {
  for (let seed = 0; seed < 200; seed += 1) expect(BUTTONS).toContain(day(seed)[0]?.button);
  const later = day(1);
  expect(later.some(({ button }) => button === undefined)).toBe(true);
  expect(new Set(later.map(({ button }) => button))).toEqual(new Set([...BUTTONS, undefined]));
});

test("presses when its time has come, and not after the end", async () => {
  const stop = new AbortController();
  const pressed: string[] = [];
  let came: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    came = resolve;
  });
  const intentions = [
    { button: "2", afterMs: 0 },
    { button: undefined, afterMs: 0 },
    { button: "3", afterMs: 60_000 },
    { button: "4", afterMs: 0 },
  ];
  const arrive = startShopper(
    () => intentions.shift() ?? { button: undefined, afterMs: 0 },
    (button) => {
      pressed.push(button);
      came();
    },
    stop.signal,
  );
  arrive();
  arrive();
  arrive();
  await first;
  stop.abort();
  arrive();
  expect(intentions).toEqual([]);
  expect(pressed).toEqual(["2"]);
});
