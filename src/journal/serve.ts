// Serves the journal's requests over a port, one after another; it decides nothing and waits for nothing.
import type { MessagePort } from "node:worker_threads";
import { failureOf, openingFault } from "./failure.ts";
import { openStore } from "./open-store.ts";
import type { Answer, Opening, Request } from "./protocol.ts";
import type { Store } from "./store.ts";

/** What of a port is needed. */
export type Port = Pick<MessagePort, "postMessage" | "close"> & {
  on(event: "message", listener: (request: Request) => void): unknown;
};

/** Opens the journal, says so, and answers until told to close. */
export function serveJournal(port: Port, opening: Opening): void {
  const say = (answer: Answer): void => port.postMessage(answer);
  let store: Store;
  try {
    const open = openStore(opening, (aside) => say({ aside }));
    store = open.store;
    say({ opened: open.opened });
  } catch (thrown) {
    const fault = openingFault(thrown);
    say({ notOpened: { code: fault.code, sentence: fault.message } });
    port.close();
    return;
  }
  port.on("message", (request) => {
    try {
      say({ ask: request.ask, answer: serve(store, request) });
    } catch (thrown) {
      say({ ask: request.ask, failure: failureOf(thrown) });
      return;
    } finally {
      if (request.verb === "close") port.close();
    }
    if (request.verb === "close") return;
    try {
      store.checkpointWhenDue();
    } catch {
      // The log simply stays longer; a batch that finds no room says so itself.
    }
  });
}

function serve(store: Store, request: Request): unknown {
  switch (request.verb) {
    case "batch":
      return { head: store.commit(request.body) };
    case "marks":
      store.mark(request.body);
      return null;
    case "kept":
      return store.kept(request.body.prefix);
    case "waiting":
      return store.waiting(request.body.lane, request.body.afterSeq, request.body.limit);
    case "head":
      return store.head();
    case "close":
      store.close();
      return null;
  }
}
