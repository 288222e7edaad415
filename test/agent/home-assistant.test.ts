// Home Assistant's discovery by the whole agent over a real Mosquitto: told, changed, moved, and taken back.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";
import { afterEach, describe, expect, test } from "vitest";
import { runAgent } from "../../src/agent/agent.ts";
import { createLog } from "../../src/agent/log.ts";
import type { SimulatedPad } from "../../src/buttons/simulated.ts";
import { Config, type ConfigInput } from "../../src/config/schema.ts";
import { MOSQUITTO_ABSENT, type Mosquitto, startMosquitto } from "../fakes/mosquitto.ts";
import { until } from "../fakes/until.ts";
import { mosquittoAbsent } from "../uplink/rig.ts";

const ROOT = "touchpoint/v1/vno-akropolis/till-03";
const TOPIC = "homeassistant/device/till-03/config";
const question = { id: "visit", buttons: { "1": 1, "2": 2, "3": 3, "4": 4 } };
const checkout = { id: "checkout", pads: ["p1"], question };
const door = { id: "door", zone: { camera: "hall" }, presence: {} };

describe.skipIf(mosquittoAbsent)(`Home Assistant${mosquittoAbsent ? ` - ${MOSQUITTO_ABSENT}` : ""}`, () => {
  const ending: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
  });

  interface Till {
    readonly broker: Mosquitto;
    /** Runs an agent until it has delivered a press and what `work` waits for. */
    live(homeAssistant: object | undefined, touchpoints: ConfigInput["fleet"]["touchpoints"]): Promise<void>;
    /** What is retained now, by topic: the parts of it that are told of here. */
    retained(): Promise<Map<string, Record<string, unknown>>>;
    /** Messages on discovery topics that were published while it looked, retained or not. */
    readonly published: string[];
  }

  async function till(): Promise<Till> {
    const dataDir = mkdtempSync(join(tmpdir(), "touchpoint-home-"));
    ending.push(async () => rmSync(dataDir, { recursive: true, force: true }));
    const broker = await startMosquitto();
    ending.push(() => broker.dispose());
    const published: string[] = [];
    const watcher = await mqtt.connectAsync(broker.url);
    ending.push(() => watcher.endAsync(true));
    watcher.on("message", (topic) => published.push(topic));
    await watcher.subscribeAsync(["homeassistant/#", "ha/#"], { qos: 1 });
    return {
      broker,
      published,
      async live(homeAssistant, touchpoints) {
        const config = Config.parse({
          version: 1,
          local: {
            device: "till-03",
            site: "vno-akropolis",
            dataDir,
            broker: { url: broker.url, ...(homeAssistant === undefined ? {} : { homeAssistant }) },
            pads: [{ id: "p1", driver: "simulated" }],
            cameras: [{ id: "hall", source: { kind: "scene" } }],
          },
          fleet: { touchpoints },
        });
        const stop = new AbortController();
        let pad: SimulatedPad | undefined;
        const events: string[] = [];
        const server = await mqtt.connectAsync(broker.url);
        server.on("message", (topic) => events.push(topic));
        await server.subscribeAsync(`${ROOT}/event/press`, { qos: 1 });
        const running = runAgent(config, {
          signal: stop.signal,
          log: createLog("silent"),
          simulated: (_, made) => {
            pad = made;
          },
        });
        await until(() => pad !== undefined, "the pad is there");
        pad?.press("4");
        // Announcements go before rows, so a press that arrived comes after them.
        await until(() => events.length > 0, "the press arrived");
        stop.abort();
        await running;
        await server.endAsync();
      },
      async retained() {
        const late = await mqtt.connectAsync(broker.url);
        const found = new Map<string, Record<string, unknown>>();
        late.on("message", (topic, payload) => found.set(topic, JSON.parse(payload.toString())));
        await late.subscribeAsync(["homeassistant/#", "ha/#", `${ROOT}/status`], { qos: 1 });
        // Retained messages come in no promised order; what is published now comes after them.
        await late.publishAsync("ha/marker", "{}", { qos: 1 });
        await until(() => found.has("ha/marker"), "what is retained was told");
        await late.endAsync();
        found.delete("ha/marker");
        return found;
      },
    };
  }
  const componentsIn = (document: Record<string, unknown> | undefined): Record<string, Record<string, unknown>> =>
    (document?.components ?? {}) as Record<string, Record<string, unknown>>;

  test("tells what is there, takes away a touchpoint that is gone, and everything when switched off", async () => {
    const { live, retained, published } = await till();
    await live({}, [checkout, door]);
    const first = (await retained()).get(TOPIC);
    expect(first).toMatchObject({
      device: { identifiers: ["touchpoint_till-03"], name: "till-03", suggested_area: "vno-akropolis" },
      origin: { name: "touchpoint" },
    });
    const components = componentsIn(first);
    expect(Object.keys(components).sort()).toEqual([
      "alerts",
      "connectivity",
      "occupancy_door",
      "people_door",
      "rating_checkout",
      "rating_door",
    ]);
    // Home Assistant wants a platform, a topic and an id that is unique among all devices of each.
    for (const [id, component] of Object.entries(components))
      expect(component).toMatchObject({
        platform: expect.stringMatching(/^(binary_sensor|sensor|event)$/),
        unique_id: `touchpoint_till-03_${id}`,
        state_topic: expect.stringMatching(`^${ROOT}/(status|state/presence/door|event/(press|alert))$`),
      });
    expect(components.connectivity).toMatchObject({ state_topic: `${ROOT}/status`, payload_on: "online" });
    expect((await retained()).get(`${ROOT}/status`)).toMatchObject({ state: "offline" });

    await live({}, [checkout]);
    const second = componentsIn((await retained()).get(TOPIC));
    expect(second.people_door).toEqual({ platform: "sensor" });
    expect(second.rating_checkout).toEqual(components.rating_checkout);

    await live({ discoveryPrefix: "ha" }, [checkout]);
    expect([...(await retained()).keys()].filter((topic) => topic.endsWith("/config"))).toEqual([
      "ha/device/till-03/config",
    ]);

    await live(undefined, [checkout]);
    expect([...(await retained()).keys()].filter((topic) => topic.endsWith("/config"))).toEqual([]);
    published.length = 0;
    await live(undefined, [checkout]);
    await retained();
    expect(published).toEqual(["ha/marker"]);
  });

  test("is off unless it is asked for", async () => {
    const { live, retained } = await till();
    await live(undefined, [checkout]);
    expect([...(await retained()).keys()]).toEqual([`${ROOT}/status`]);
  });
});
