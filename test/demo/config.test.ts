// config/demo.yaml is a demo: simulated, drawn, and honest about what it reads.
import { expect, test } from "vitest";
import { demoConfig } from "../../src/demo/config.ts";
import { TILL_ZONE } from "../../src/vision/scene/script.ts";

const place = { brokerUrl: "mqtt://127.0.0.1:40001", dataDir: "/somewhere/else", seed: undefined };

test("this run's places take the place of the file's", () => {
  const { config } = demoConfig({ ...place, seed: 99 });
  expect(config.local.broker?.url).toBe(place.brokerUrl);
  expect(config.local.dataDir).toBe(place.dataDir);
  expect(config.local.cameras.map(({ source }) => source)).toMatchObject([{ kind: "scene", seed: 99 }]);
  expect(config.local.pads).toMatchObject([{ driver: "simulated" }]);
});

test("buttons go from sad to happy, the zone is where figures stand, the broker's rule is met", () => {
  const { config, buttons, question } = demoConfig(place);
  expect(buttons).toEqual(["1", "2", "3", "4"]);
  expect(question).not.toBe("");
  expect(config.fleet.touchpoints[0]?.zone?.polygon).toEqual(TILL_ZONE);
  expect(config.local.broker?.username).toBe(config.local.device);
});

test("emotion reading is named as a demo", () => {
  const { emotion } = demoConfig(place).config.local.privacy;
  for (const text of [emotion?.purpose, emotion?.controller, emotion?.notice]) expect(text).toMatch(/^Demo/);
});
