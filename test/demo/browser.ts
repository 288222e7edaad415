// Drives a real headless Chromium over its debugging pipe (Chrome DevTools Protocol), with nothing but Node.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { exited, startChild, which } from "../../src/supervise/child.ts";

export interface Tab {
  /** Sends one command of the protocol to this tab. */
  send(method: string, params?: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** The value of an expression in the page; promises are awaited. */
  value(expression: string): Promise<unknown>;
  /** Resolves when an expression becomes true in the page. */
  until(expression: string): Promise<void>;
}

export interface Browser {
  open(url: string): Promise<Tab>;
  close(): Promise<void>;
}

/** The installed program, or undefined. */
export function chromium(): string | undefined {
  return ["chromium", "chromium-browser", "google-chrome"].find((name) => which(name) !== undefined);
}

const QUIET =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars --remote-debugging-pipe";

interface Reply {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
  /** Of an event. */
  readonly method?: string;
}

/** Starts `program` with an empty profile. */
export function startBrowser(program: string): Browser {
  const profile = mkdtempSync(join(tmpdir(), "touchpoint-browser-"));
  const child = startChild(program, [...QUIET.split(" "), `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  });
  const commands = child.stdio[3] as Writable;
  const replies = child.stdio[4] as Readable;
  const waiting = new Map<number, (reply: Reply) => void>();
  let loaded: () => void = () => undefined;
  let last = 0;
  let rest = "";
  replies.setEncoding("utf8").on("data", (text: string) => {
    const messages = (rest + text).split("\0");
    rest = messages.pop() ?? "";
    for (const message of messages) {
      const reply = JSON.parse(message) as Reply;
      if (reply.id !== undefined) waiting.get(reply.id)?.(reply);
      if (reply.method === "Page.loadEventFired") loaded();
    }
  });
  child.once("exit", () => {
    for (const settle of waiting.values()) settle({ error: { message: "the browser ended" } });
  });
  const send = (
    method: string,
    params: Record<string, unknown>,
    sessionId?: string,
  ): Promise<Record<string, unknown>> => {
    last += 1;
    const id = last;
    return new Promise((resolve, reject) => {
      waiting.set(id, ({ result, error }) => {
        waiting.delete(id);
        if (error === undefined) resolve(result ?? {});
        else reject(new Error(`${method}: ${error.message}`));
      });
      commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  };
  return {
    async open(url) {
      const { targetId } = await send("Target.createTarget", { url: "about:blank" });
      const { sessionId } = (await send("Target.attachToTarget", { targetId, flatten: true })) as { sessionId: string };
      const tab: Tab = {
        send: (method, params = {}) => send(method, params, sessionId),
        async value(expression) {
          const answer = await tab.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
          if (answer.exceptionDetails !== undefined) throw new Error(JSON.stringify(answer.exceptionDetails));
          return (answer.result as { value?: unknown }).value;
        },
        async until(expression) {
          await tab.value(`new Promise((resolve) => {
            const look = () => (${expression}) ? resolve(true) : setTimeout(look, 20);
            look();
          })`);
        },
      };
      await tab.send("Page.enable");
      const load = new Promise<void>((resolve) => {
        loaded = resolve;
      });
      await tab.send("Page.navigate", { url });
      await load;
      return tab;
    },
    async close() {
      // Asked to, it ends its own children first; killed, they would go on writing to the profile for a moment.
      await send("Browser.close", {}).catch(() => undefined);
      await exited(child);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
