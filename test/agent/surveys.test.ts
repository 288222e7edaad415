// Loyalty and survey buttons through the whole agent: pressed on a simulated pad, read at the broker.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { runAgent } from "../../src/agent/agent.ts";
import { createLog } from "../../src/agent/log.ts";
import type { SimulatedPad } from "../../src/buttons/simulated.ts";
import { loadConfig } from "../../src/config/load.ts";
import { Config } from "../../src/config/schema.ts";
import { packageRoot } from "../../src/place.ts";
import { Envelope, EVENT_DATA, type EventData, type EventType } from "../../src/words/events.ts";
import { type InProcessBroker, startInProcessBroker } from "../fakes/broker.ts";
import { until } from "../fakes/until.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** The agent on an example file, with a simulated pad in place of the real one and a broker in this process. */
async function startExample(name: string) {
  const folder = mkdtempSync(join(tmpdir(), "touchpoint-surveys-"));
  ends.push(async () => rmSync(folder, { recursive: true, force: true }));
  const broker: InProcessBroker = await startInProcessBroker();
  ends.push(() => broker.close());
  const seen: Envelope[] = [];
  const replies: { id: string; ok: boolean; reason?: string }[] = [];
  broker.aedes.on("publish", ({ topic, payload }) => {
    if (topic.includes("/event/")) seen.push(Envelope.parse(JSON.parse(payload.toString())));
    if (topic.includes("/reply/")) replies.push(JSON.parse(payload.toString()));
  });
  const { local, fleet } = loadConfig(join(packageRoot(), "config", name)).config;
  const pad = local.pads[0]?.id ?? "";
  const config: Config = {
    version: 1,
    fleet: { ...fleet, surveys: fleet.surveys.map((survey) => ({ ...survey, timeoutS: 2 })) },
    local: {
      ...local,
      dataDir: folder,
      logLevel: "error",
      pads: [{ id: pad, driver: "simulated" }],
      broker: { ...Config.shape.local.shape.broker.unwrap().parse({ url: broker.url }) },
    },
  };
  const stop = new AbortController();
  let simulated: SimulatedPad | undefined;
  let started = false;
  const running = runAgent(config, {
    signal: stop.signal,
    log: createLog("error"),
    simulated: (_id, one) => {
      simulated = one;
    },
    started: () => {
      started = true;
    },
  });
  ends.push(async () => {
    stop.abort();
    await running;
  });
  await Promise.race([until(() => started, "the agent starts"), running]);
  const root = `touchpoint/v1/${local.site}/${local.device}`;
  const of = <T extends EventType>(type: T): { id: string; data: EventData[T] }[] =>
    seen
      .filter((event) => event.type === type)
      .map(({ id, data }) => ({ id, data: EVENT_DATA[type].parse(data) as EventData[T] }));
  return {
    of,
    replies,
    press: (button: string) => until(() => simulated?.press(button) === true, `the pad takes ${button}`),
    command: (name: string, body: object) =>
      broker.aedes.publish(
        {
          cmd: "publish",
          topic: `${root}/cmd/${name}`,
          payload: Buffer.from(
            JSON.stringify({ expires: new Date(Date.now() + 60_000).toISOString(), by: "test", ...body }),
          ),
          qos: 1,
          retain: false,
          dup: false,
        },
        () => undefined,
      ),
    online: () =>
      until(() => broker.aedes.connectedClients > 0 && of("health").length > 0, "the agent is at the broker"),
  };
}

describe("the loyalty button", () => {
  it("rates, asks why, and both are at the broker, tied together", async () => {
    const agent = await startExample("loyalty-button.yaml");
    for (const button of ["1", "slow", "4", "staff", "3"]) await agent.press(button);
    await until(() => agent.of("press").length === 4 && agent.of("answer").length === 2, "presses and answers arrive");
    expect(agent.of("press").map(({ data }) => [data.button, data.value])).toEqual([
      ["1", 1],
      ["slow", null],
      ["4", 4],
      ["3", 3],
    ]);
    const [bad, reason, good] = agent.of("press");
    expect(agent.of("answer").map(({ data }) => [data.question, data.choices, data.follows, data.press])).toEqual([
      ["why", ["slow"], bad?.id, reason?.id],
      ["liked", ["staff"], good?.id, undefined],
    ]);
    await until(() => agent.of("survey").length === 2, "both follow-ups are finished");
    expect(agent.of("survey").map(({ data }) => data.outcome)).toEqual(["finished", "finished"]);
  });
});

describe("the survey button", () => {
  it("asks NPS by pad, and another by command, which nobody answers in time", async () => {
    const agent = await startExample("survey-button.yaml");
    await agent.press("9");
    await until(() => agent.of("survey").length === 1, "the questionnaire is finished");
    expect(agent.of("answer").map(({ data }) => data)).toEqual([
      expect.objectContaining({ survey: "nps", question: "recommend", value: 9, min: 0, max: 10, language: "de" }),
    ]);
    expect(agent.of("survey").map(({ data }) => [data.outcome, data.answers])).toEqual([
      ["finished", agent.of("answer").map(({ id }) => id)],
    ]);
    expect(agent.of("press")).toEqual([]);

    await agent.online();
    agent.command("survey.start", { id: "c1", touchpoint: "reception", language: "en" });
    await until(() => agent.replies.length === 1, "the command is answered");
    agent.command("survey.start", { id: "c2", touchpoint: "reception" });
    agent.command("survey.start", { id: "c3", touchpoint: "nowhere" });
    agent.command("survey.start", { id: "c4" });
    await until(() => agent.replies.length === 4, "every command is answered");
    expect(agent.replies.map(({ id, ok, reason }) => [id, ok, reason])).toEqual([
      ["c1", true, undefined],
      ["c2", false, "busy"],
      ["c3", false, "invalid"],
      ["c4", false, "invalid"],
    ]);
    await until(() => agent.of("survey").length === 2, "the time limit ends it");
    expect(agent.of("survey")[1]?.data).toMatchObject({
      survey: "stay",
      outcome: "abandoned",
      asked: 1,
      language: "en",
    });
  });
});
