// Server-sent events: what happens is told to every open page; one that reads too slowly is let go.
import type { ServerResponse } from "node:http";
import { pause } from "../supervise/backoff.ts";

/** Most pages open at one moment. */
const MOST_PAGES = 16;
/** A page that lets this much wait is gone or hopelessly behind; it opens again by itself. */
const MOST_WAITING_BYTES = 262_144;
/** How long a page that reads slowly is waited for at the end, milliseconds. */
const LEAVE_MS = 500;
/** A comment this often keeps the line open, milliseconds. */
const KEEP_OPEN_MS = 15_000;

export interface Told {
  readonly name: string;
  readonly data: unknown;
}

export interface Live {
  /** Answers a request with the stream, beginning with `before`; false when there are too many pages. */
  join(response: ServerResponse, before: readonly Told[]): boolean;
  tell(told: Told): void;
  /** Ends every stream; resolves when what was told has left, or soon after. */
  close(): Promise<void>;
}

/** One message in the format of the HTML standard, section "Server-sent events". */
export function written({ name, data }: Told): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

export function createLive(): Live {
  const pages = new Set<ServerResponse>();
  const send = (text: string): void => {
    for (const page of pages) {
      if (page.writableLength > MOST_WAITING_BYTES) page.destroy();
      else page.write(text);
    }
  };
  const timer = setInterval(() => send(": open\n\n"), KEEP_OPEN_MS);
  return {
    join(response, before) {
      if (pages.size >= MOST_PAGES) return false;
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
      response.write(`retry: 1000\n\n${before.map(written).join("")}`);
      pages.add(response);
      response.once("close", () => pages.delete(response));
      return true;
    },
    tell: (told) => send(written(told)),
    async close() {
      clearInterval(timer);
      const left = [...pages].map(
        (page) =>
          new Promise<void>((resolve) => {
            page.once("close", resolve);
            page.end(resolve);
          }),
      );
      pages.clear();
      const all = new AbortController();
      await Promise.race([Promise.all(left), pause(LEAVE_MS, all.signal)]);
      all.abort();
    },
  };
}
