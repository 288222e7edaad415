// A working RTSP camera on loopback: asks for a login, and sends moving test bars as MJPEG inside the connection.
import type { ChildProcess } from "node:child_process";
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { endChild, startChild } from "../../src/supervise/child.ts";

export interface RtspCamera {
  /** Without user and password. */
  readonly url: string;
  /** Requests that came with the right login, and with a wrong or no one. */
  readonly logins: { good: number; refused: number };
  close(): Promise<void>;
}

/** @param port where it was before, for one that comes back; by default a free one */
export async function startRtspCamera(username: string, password: string, port = 0): Promise<RtspCamera> {
  const wanted = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const logins = { good: 0, refused: 0 };
  const viewers = new Set<Socket>();
  const source = await startSource((packet) => {
    const head = Buffer.from([0x24, 0, packet.length >> 8, packet.length & 255]);
    for (const viewer of viewers) viewer.write(Buffer.concat([head, packet]));
  });
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    let text = "";
    connections.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      viewers.delete(socket);
      connections.delete(socket);
    });
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const request = text.slice(0, end);
        text = text.slice(end + 4);
        const authorised = /^Authorization: (.*)$/im.exec(request)?.[1]?.trim() === wanted;
        socket.write(answer(request, authorised, logins));
        if (request.startsWith("PLAY") && authorised) viewers.add(socket);
      }
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `rtsp://127.0.0.1:${(server.address() as AddressInfo).port}/stream`,
    logins,
    async close() {
      for (const socket of connections) socket.destroy();
      server.close();
      await source.close();
    },
  };
}

function answer(request: string, authorised: boolean, logins: { good: number; refused: number }): string {
  const number = /^CSeq: *(\d+)/im.exec(request)?.[1] ?? "0";
  const reply = (status: string, headers: readonly string[] = [], body = ""): string =>
    [`RTSP/1.0 ${status}`, `CSeq: ${number}`, ...headers, `Content-Length: ${body.length}`, "", body].join("\r\n");
  const method = request.split(" ")[0];
  if (method === "OPTIONS") return reply("200 OK", ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"]);
  if (!authorised) {
    logins.refused += 1;
    return reply("401 Unauthorized", ['WWW-Authenticate: Basic realm="camera"']);
  }
  logins.good += 1;
  switch (method) {
    case "DESCRIBE": {
      const sdp = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=bars\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:track0\r\n";
      return reply("200 OK", ["Content-Type: application/sdp"], sdp);
    }
    case "SETUP":
      return reply("200 OK", ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1"]);
    default:
      return reply("200 OK", ["Session: 1"]);
  }
}

/** ffmpeg draws the bars and packs them as RTP; packets are handed on as they come. */
async function startSource(packet: (bytes: Buffer) => void): Promise<{ close: () => Promise<void> }> {
  const udp: UdpSocket = createSocket("udp4");
  udp.bind(0, "127.0.0.1");
  await once(udp, "listening");
  udp.on("message", packet);
  const bars = ["-re", "-f", "lavfi", "-i", "testsrc=size=320x192:rate=10"];
  const codec = ["-c:v", "mjpeg", "-huffman", "default", "-force_duplicated_matrix", "1", "-pix_fmt", "yuvj420p"];
  const child: ChildProcess = startChild(
    "ffmpeg",
    [
      "-hide_banner",
      "-loglevel",
      "error",
      "-nostdin",
      ...bars,
      ...codec,
      "-f",
      "rtp",
      `rtp://127.0.0.1:${udp.address().port}`,
    ],
    { stdio: "ignore" },
  );
  return {
    async close() {
      await endChild(child);
      udp.close();
    },
  };
}
