// Serves the journal's requests over a port, one after another; it decides nothing and waits for nothing.

import type { MessagePort } from "node:worker_threads";
import { columnsOf } from "./columns.ts";
import { failureOf, isFull, openingFault } from "./failure.ts";
import { openStore } from "./open-store.ts";
import type { Answer, Condition, Opening, Request } from "./protocol.ts";
import type { Store } from "./store.ts";

/** How often the thread looks after the file, the reserve and its figures, milliseconds. */
const LOOK_MS = 5_000;
/** Nobody asked anything for this long: what takes a sync of its own keeps no press waiting, milliseconds. */
const IDLE_MS = 20;

/** What of a port is needed. */
export type Port = Pick<MessagePort, "postMessage" | "close"> & {
  on(event: "message", listener: (request: Request) => void): unknown;
};

/** Opens the journal, says so, and answers until told to close. */
export function serveJournal(port: Port, opening: Opening): void {
  const say = (answer: Answer): void => port.postMessage(answer);
  try {
    const { store, opened } = openStore(opening, (aside) => say({ aside }));
    say({ opened });
    new Service(port, store, opening.stamp).start();
  } catch (thrown) {
    const fault = openingFault(thrown);
    say({ notOpened: { code: fault.code, sentence: fault.message } });
    port.close();
  }
}

class Service {
  readonly #port: Port;
  readonly #store: Store;
  readonly #stamp: string;
  readonly #looking: NodeJS.Timeout;
  readonly #idle: NodeJS.Timeout;
  #low = false;
  #short = false;
  #over = false;
  #tidying = false;
  #ended = false;

  constructor(port: Port, store: Store, stamp: string) {
    this.#port = port;
    this.#store = store;
    this.#stamp = stamp;
    this.#looking = setInterval(() => this.#guarded(() => this.#look()), LOOK_MS);
    this.#idle = setTimeout(() => this.#guarded(() => this.#rest()), IDLE_MS);
  }

  start(): void {
    this.#port.on("message", (request) => this.#answer(request));
    setImmediate(() => this.#guarded(() => this.#look()));
  }

  #answer(request: Request): void {
    if (this.#ended) return;
    if (request.verb === "leave") {
      this.#leave();
      return;
    }
    try {
      this.#say({ ask: request.ask, answer: this.#serve(request) });
    } catch (thrown) {
      const failure = failureOf(thrown);
      this.#say({ ask: request.ask, failure });
      // What can only be done with another connection or another file is not tried again with this one.
      if (failure.remedy !== "retry") this.#leave();
      return;
    } finally {
      if (request.verb === "close") this.#end();
      else if (request.verb === "batch" && request.body.drops !== undefined) this.#over = false;
    }
    if (this.#ended) return;
    this.#guarded(() => {
      this.#store.checkpointWhenDue(false);
      this.#idle.refresh();
      if (this.#store.isTidyingDue) this.#tidySoon();
      this.#tell();
    });
  }

  #serve(request: Request): unknown {
    try {
      return serve(this.#store, request);
    } catch (thrown) {
      if (!isFull(thrown) || !this.#store.relieve()) throw thrown;
      this.#tell();
      return serve(this.#store, request);
    }
  }

  /** Nobody waits: what takes a sync is done now. */
  #rest(): void {
    if (this.#ended) return;
    this.#store.checkpointWhenDue(true);
    this.#store.forget();
  }

  #look(): void {
    if (this.#ended) return;
    if (!this.#store.lookAround()) {
      this.#store.rewrite(this.#stamp);
      this.#say({ condition: { gone: "the journal's file was deleted or replaced; it was written again" } });
      this.#leave();
      return;
    }
    // A plan that found nothing may find something by now.
    this.#over = false;
    this.#tidySoon();
    this.#tell();
    this.#store.forget();
  }

  /** Between requests, so that none waits for more than one slice. */
  #tidySoon(): void {
    if (this.#tidying) return;
    this.#tidying = true;
    setImmediate(() => {
      this.#tidying = false;
      this.#guarded(() => {
        if (this.#ended) return;
        if (this.#store.tidy()) this.#tidySoon();
        this.#tell();
      });
    });
  }

  #tell(): void {
    const condition = (is: Condition): void => this.#say({ condition: is });
    if (this.#low !== this.#store.isLow) {
      this.#low = this.#store.isLow;
      condition({ low: this.#low });
    }
    if (this.#short !== this.#store.isShort) {
      this.#short = this.#store.isShort;
      condition({ short: this.#short });
    }
    if (!this.#store.isOver || this.#over) return;
    this.#over = true;
    condition({ over: true });
  }

  /** Tidying that finds no room or no sense fails quietly: a request that meets the same says so itself. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (failure.remedy !== "damaged") return;
      this.#say({ condition: { damaged: failure.sentence } });
      this.#leave();
    }
  }

  /** Ends by itself: a thread that is ended from outside in the middle of a statement can take the process along. */
  #leave(): void {
    this.#end();
    try {
      this.#store.abandon();
    } catch {
      // The end of the thread closes what is still open.
    }
  }

  #say(answer: Answer): void {
    this.#port.postMessage(answer);
  }

  #end(): void {
    this.#ended = true;
    clearInterval(this.#looking);
    clearTimeout(this.#idle);
    this.#port.close();
  }
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
      return columnsOf(store.waiting(request.body.lane, request.body.after, request.body.limit));
    case "resend":
      return store.resend(request.body.from, request.body.to);
    case "unconfirmed":
      return store.resendUnconfirmed(request.body.olderThanMs, request.body.limit);
    case "repair":
      return store.repair(request.body);
    case "plan":
      return store.plan();
    case "expired":
      return store.expired(request.body.nowMs);
    case "find":
      return store.find(request.body.erasable, request.body.spared);
    case "wipe":
      return { done: store.wipe() };
    case "witness":
      return { old: store.witness(request.body.stream, request.body.head) };
    case "head":
      return store.head();
    case "usage":
      return store.usage();
    case "close":
      store.close();
      return null;
    case "leave":
      return null;
  }
}
