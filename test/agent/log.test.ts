import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { createLog } from "../../src/agent/log.ts";
import { redact } from "../../src/config/secret.ts";
import { Fault } from "../../src/words/errors.ts";

function logged(write: (log: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  write(createLog("debug", sink));
  return lines.join("");
}

describe("log", () => {
  it("hides secrets by name and inside addresses, however deep, in faults and in a child's last words", () => {
    const text = logged((log) => {
      log.info({ broker: { url: "mqtts://till:hunter2@broker.example:8883", password: "hunter2" } }, "x");
      log.warn(
        {
          fault: new Fault("CAMERA_LOST", "rtsp://admin:hunter2@10.0.0.9/stream: 401", {
            stderr: ["rtsp://admin:hunter2@10.0.0.9"],
          }),
        },
        "x",
      );
      log.error({ error: new Error("cannot reach rtsps://admin:hunter2@cam") }, "x");
      log.error({ list: [{ token: "hunter2" }, "ws://u:hunter2@h"] }, "x");
    });
    expect(text).not.toContain("hunter2");
    expect(text).toContain("rtsp://***@10.0.0.9");
  });

  it("keeps the path of a secret's file, which a technician needs", () => {
    expect(redact({ passwordFile: "/etc/touchpoint/broker.secret", password: "x" })).toEqual({
      passwordFile: "/etc/touchpoint/broker.secret",
      password: "***",
    });
  });

  it("writes code and hint of a fault", () => {
    expect(logged((log) => log.warn({ fault: new Fault("SERIAL_OPEN", "absent") }, "x"))).toMatch(
      /"code":"SERIAL_OPEN".*"hint":"Check the cable/,
    );
  });
});
