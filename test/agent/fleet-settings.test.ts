// Fleet settings that come by the broker, on the whole agent: tried, applied, refused, rolled back, and found again.
import { afterEach, describe, expect, it } from "vitest";
import { createRig, fleet, type Rig, wanted } from "./settings-rig.ts";

let rig: Rig;
afterEach(async () => {
  await rig.end();
});

describe("good settings", () => {
  it("are tried, then applied; presses go on under the new question and none is lost", async () => {
    rig = await createRig();
    const agent = await rig.start();
    expect(rig.last()).toMatchObject({ state: "file", running: { version: 0 } });
    await rig.press("4");
    rig.send(wanted(7, fleet({}, 2)));
    const trial = await rig.says("trial", 7);
    await rig.press("1");
    const applied = await rig.says("applied", 7);
    expect(applied).toMatchObject({ hash: trial.hash, reasons: [], running: { version: 7, hash: trial.hash } });
    expect(agent.lives()).toBe(2);
    await rig.press("2");
    await agent.stop();
    expect(rig.of("press").map(({ data }) => [data.value, data.questionVersion])).toEqual([
      [4, 1],
      [1, 2],
      [2, 2],
    ]);
    expect(rig.of("audit").map(({ data }) => [data.what, data.by, data.outcome, data.version])).toEqual([
      ["config", "ops@example", "trial", 7],
      ["config", "ops@example", "applied", 7],
    ]);
  });
});
