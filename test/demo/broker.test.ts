// The demo's broker keeps the contract's rule: a device writes below its own name and nowhere else.
import mqtt from "mqtt";
import { afterEach, expect, test } from "vitest";
import { type Broker, mayPublish, startBroker } from "../../src/demo/broker.ts";
import { read, startCentral } from "../../src/demo/central.ts";

const ROOT = "touchpoint/v1/shop";
let broker: Broker | undefined;
afterEach(() => broker?.close());

test.each<[string | undefined, string, boolean]>([
  ["demo", `${ROOT}/demo/event/press`, true],
  ["demo", `${ROOT}/demo/status`, true],
  ["demo", `${ROOT}/other/status`, false],
  ["demo", `${ROOT}/demo`, false],
  ["demo", "touchpoint/v2/shop/demo/status", false],
  ["demo", "$SYS/demo", false],
  [undefined, `${ROOT}/demo/status`, false],
])("%s may write to %s: %s", (user, topic, allowed) => {
  expect(mayPublish(user, topic)).toBe(allowed);
});

test("a real client is held to it, and the central server reads what was allowed", async () => {
  broker = await startBroker();
  expect(new URL(broker.url).hostname).toBe("127.0.0.1");
  const seen: string[] = [];
  const central = await startCentral(broker.url, {
    event: ({ seq }) => seen.push(`event ${seq}`),
    state: (name, value) => seen.push(`${name} ${JSON.stringify(value)}`),
    unreadable: (topic) => seen.push(`unreadable ${topic}`),
  });
  const options = { protocolVersion: 4, username: "demo", reconnectPeriod: 0 } as const;
  const device = await mqtt.connectAsync(broker.url, options);
  const publish = (topic: string, text: string) => device.publishAsync(`${ROOT}/${topic}`, text, { qos: 1 });
  await publish("demo/event/press", "{ broken");
  await publish("demo/event/press", "{}");
  await publish("demo/state/health", '{"stages":{}}');
  const refused = new Promise<void>((resolve) => device.once("close", () => resolve()));
  device.publish(`${ROOT}/other/status`, '{"state":"online"}', { qos: 1 });
  await refused;
  const again = await mqtt.connectAsync(broker.url, options);
  await again.publishAsync(`${ROOT}/demo/status`, '{"state":"offline"}', { qos: 1 });
  await central.offline(new AbortController().signal);
  expect(seen).toEqual([
    `unreadable ${ROOT}/demo/event/press`,
    `unreadable ${ROOT}/demo/event/press`,
    'state/health {"stages":{}}',
    'status {"state":"offline"}',
  ]);
  await again.endAsync();
  await central.close();
});

test("an event under another type's topic, or a message at the root, is not believed", () => {
  expect(read(`${ROOT}/demo`, Buffer.from("{}"))).toBeUndefined();
  expect(read(`${ROOT}/demo/event/press`, Buffer.from('{"type":"contact"}'))).toBeUndefined();
  expect(read(`${ROOT}/demo/state/mood`, Buffer.from([0xff]))).toBeUndefined();
});
