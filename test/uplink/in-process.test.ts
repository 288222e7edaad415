// Delivery over an in-process broker that speaks MQTT 3.1.1 only, by TCP and by WebSocket.
import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, expect, test } from "vitest";
import { createWebSocketStream, WebSocketServer } from "ws";
import { type InProcessBroker, startInProcessBroker } from "../fakes/broker.ts";
import { commitMany, startUplink, subscribe, until, uplinkSettings, upTo } from "./rig.ts";

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});
const broker = async (): Promise<InProcessBroker> => {
  const started = await startInProcessBroker();
  ending.push(() => started.close());
  return started;
};

test("falls back to 3.1.1 within the first attempt, and remembers it", async () => {
  const { url } = await broker();
  const server = await subscribe(url, { protocolVersion: 4 });
  ending.push(() => server.end());
  const up = startUplink(uplinkSettings(url));
  ending.push(() => up.stop());
  await until(() => up.state() === "ok");
  expect(up.reports.map(({ state }) => state)).toEqual(["starting", "ok"]);
  expect(up.clients.map(({ options }) => options.protocolVersion)).toEqual([5, 4]);
  await commitMany(up.journal, "press", 500);
  await until(() => server.seqs().length === 500);
  expect(server.seqs()).toEqual(upTo(500));
  up.clients.at(-1)?.stream.destroy();
  await until(() => up.reports.some(({ state }) => state === "degraded") && up.state() === "ok");
  expect(up.clients.map(({ options }) => options.protocolVersion)).toEqual([5, 4, 4]);
  await until(() => server.under("status").at(-1)?.json.conn === 2);
  expect(server.under("status").map(({ json }) => [json.state, json.conn])).toEqual([
    ["online", 1],
    ["offline", 1],
    ["online", 2],
  ]);
  await server.publish("ack", JSON.stringify({ stream: up.journal.stream, upto: 500 }), true);
  await until(() => up.journal.confirmed === 500);
});

test("a broker that knows only 3.1.1 refuses settings that ask for 5", async () => {
  const { url } = await broker();
  const up = startUplink(uplinkSettings(url, { protocol: "5" }));
  ending.push(() => up.stop());
  await until(() => up.reports.some(({ fault }) => fault !== undefined));
  expect(up.reports.find(({ fault }) => fault !== undefined)?.fault).toMatchObject({
    code: "BROKER_REFUSED",
    message: expect.stringContaining("protocol version"),
  });
});

test("delivers over WebSocket, and names an address that is none", async () => {
  const { aedes } = await broker();
  const http = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ server: http, path: "/mqtt" });
  sockets.on("connection", (socket) => aedes.handle(createWebSocketStream(socket)));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  ending.push(async () => {
    for (const socket of sockets.clients) socket.terminate();
    http.closeAllConnections();
    http.close();
  });
  const address = http.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const url = `ws://127.0.0.1:${port}/mqtt`;
  const server = await subscribe(url, { protocolVersion: 4 });
  ending.push(() => server.end());
  const up = startUplink(uplinkSettings(url));
  ending.push(() => up.stop());
  await commitMany(up.journal, "press", 100);
  await until(() => server.seqs().length === 100);
  expect(server.seqs()).toEqual(upTo(100));

  const lost = startUplink(uplinkSettings(`ws://127.0.0.1:${port}/elsewhere`));
  ending.push(() => lost.stop());
  await until(() => lost.reports.some(({ fault }) => fault !== undefined));
  expect(lost.reports.find(({ fault }) => fault !== undefined)?.fault).toMatchObject({ code: "BROKER_UNREACHABLE" });
});
