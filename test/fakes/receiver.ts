// A real HTTP server on loopback that receives webhooks and answers as it is told, request by request.
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly data: Record<string, unknown>; readonly [field: string]: unknown };
}

/** `slow`: takes the request and never answers. */
export type Answer = number | "slow";

export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  close(): Promise<void>;
}

/** @param answers in turn; after the last 200 for ever */
export async function startReceiver(answers: readonly Answer[] = [], port = 0): Promise<Receiver> {
  const received: Received[] = [];
  const turns = [...answers];
  const server = createServer((request, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on("error", () => undefined);
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const answer = turns.shift() ?? 200;
      received.push({ headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString("utf8")) });
      if (answer === "slow") return;
      response.writeHead(answer, answer === 302 ? { location: "http://127.0.0.1:9/elsewhere" } : {}).end("seen");
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}/alerts`,
    port: address.port,
    received,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
