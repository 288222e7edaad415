// Queues: what intervals say together, and that counts merge.
import { expect, test } from "vitest";
import { countQueue, emptyQueue, queueFigures } from "../../src/metrics/queue.ts";
import { figuresOf } from "../../src/metrics/report.ts";
import { tally } from "../../src/metrics/tally.ts";
import { merge } from "../../src/metrics/tree.ts";
import type { EventData } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";

const interval = (of: Partial<EventData["queue"]>): EventData["queue"] => ({
  camera: "door",
  zone: "till",
  start: "2026-11-22T09:00:00.000Z",
  end: "2026-11-22T09:15:00.000Z",
  watchedMs: 900_000,
  meanLength: 1,
  maxLength: 3,
  waits: 0,
  gaveUp: 0,
  lost: 0,
  ...of,
});
const figure = (queue: ReturnType<typeof emptyQueue>, metric: string) =>
  queueFigures(queue).find((one) => one.metric === metric);

test("worked by hand: 4 waits of 60 s and 1 of 160 s; 1 person for 10 minutes and 4 for 5", () => {
  const queue = emptyQueue();
  countQueue(queue, interval({ waits: 4, meanWaitMs: 60_000, gaveUp: 1, watchedMs: 600_000 }));
  countQueue(queue, interval({ waits: 1, meanWaitMs: 160_000, lost: 2, watchedMs: 300_000, meanLength: 4 }));
  expect(figure(queue, "queue-wait-s")).toMatchObject({ n: 5, numerator: 400, denominator: 5, value: 80 });
  expect(figure(queue, "queue-length")).toMatchObject({ n: 2, numerator: 1_800, denominator: 900, value: 2 });
  expect(figure(queue, "queue-gave-up")).toMatchObject({ numerator: 1, denominator: 6 });
  expect(figure(queue, "queue-waits-lost")).toMatchObject({ numerator: 2, denominator: 8 });
});

test("nobody waited: the length is known, the wait is not", () => {
  const queue = emptyQueue();
  countQueue(queue, interval({ meanLength: 0 }));
  expect(figure(queue, "queue-wait-s")).toMatchObject({ n: 0, value: null, interval: null });
  expect(figure(queue, "queue-length")).toMatchObject({ value: 0 });
  expect(figure(emptyQueue(), "queue-length")).toMatchObject({ n: 0, value: null });
});

test("two windows merged are one", () => {
  const [first, second, both] = [emptyQueue(), emptyQueue(), emptyQueue()];
  const [a, b] = [
    interval({ waits: 2, meanWaitMs: 30_000 }),
    interval({ waits: 7, meanWaitMs: 90_000, meanLength: 3 }),
  ];
  countQueue(first, a);
  countQueue(second, b);
  for (const one of [a, b]) countQueue(both, one);
  merge(first, second);
  expect(first).toEqual(both);
});

test("visits and queues of a day are told with what was sold: conversion has the visitors below it", () => {
  const visit = (direction: "in" | "out") => {
    const event = stamped("visit", 1);
    return { ...event, data: { ...event.data, direction } };
  };
  const events = [visit("in"), visit("in"), visit("out"), visit("in"), visit("in"), stamped("transaction", 2)];
  const [place] = tally([...events, stamped("queue", 3)]);
  const figures = place === undefined ? [] : figuresOf(place);
  expect(figures.find(({ metric }) => metric === "visitors")).toMatchObject({ value: 4 });
  expect(figures.find(({ metric }) => metric === "conversion")).toMatchObject({ numerator: 1, denominator: 4 });
  expect(figures.some(({ metric }) => metric === "queue-length")).toBe(true);
});
