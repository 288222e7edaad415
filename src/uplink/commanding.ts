// Runs the commands that the gate lets through, one after the other: id on disk, then the act, then the reply.
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { Journal } from "../journal/journal.ts";
import type { CommandBody, Refusal } from "../words/commands.ts";
import { asFault, Fault } from "../words/errors.ts";
import { type CommandTraits, forgotten, judgeCommand, replyTopic } from "./commands.ts";
import type { Incoming } from "./connection.ts";

export const COMMAND_KEY = "command:";
/** Longest wait for the id to be on disk, milliseconds. */
const COMMIT_MS = 5_000;
/** Most commands that wait for their turn. */
const MAX_WAITING = 16;

/** What a command says about what it did, or why it did not; goes into the reply. */
export type Outcome =
  | { readonly ok: true; readonly [field: string]: unknown }
  | { readonly ok: false; readonly reason: Refusal | "failed"; readonly message: string };

/** One command: what is known of it, and what it does. */
export interface Command extends CommandTraits {
  /** @throws nothing it could say in its outcome */
  readonly run: (body: CommandBody) => Promise<Outcome>;
}

export interface CommandingDeps {
  readonly journal: Pick<Journal, "commit" | "kept">;
  readonly commands: ReadonlyMap<string, Command>;
  /** `{prefix}/{site}/{device}`. */
  readonly root: string;
  readonly replyPrefix: string | undefined;
  /** UTC milliseconds. */
  readonly nowMs: () => number;
  readonly clockTrusted: () => boolean;
  readonly dropped: (fault: Fault) => void;
}

/** Publishes a reply on the connection that is open at that moment. */
export type Reply = (topic: string, json: string, correlation?: Buffer) => void;

/** Receives commands over the life of the agent, whatever connections come and go. */
export class Commanding {
  readonly #deps: CommandingDeps;
  /** Id → until when it is kept; read from the journal with the first command. */
  #seen: Map<string, number> | undefined;
  #waiting = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(deps: CommandingDeps) {
    this.#deps = deps;
  }

  /** Takes a message on `cmd/{name}`; its reply follows. */
  receive(name: string, message: Incoming, reply: Reply): void {
    if (this.#waiting >= MAX_WAITING) {
      this.#deps.dropped(new Fault("COMMAND_REFUSED", `a command ${name} was dropped: too many wait`));
      return;
    }
    this.#waiting += 1;
    this.#tail = this.#tail
      .then(() => this.#handle(name, message, reply))
      .catch((thrown: unknown) => this.#deps.dropped(asFault(thrown, "COMMAND_REFUSED")))
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  async #handle(name: string, message: Incoming, reply: Reply): Promise<void> {
    const { commands, clockTrusted, dropped, root, replyPrefix } = this.#deps;
    const seen = await this.#ids();
    const nowMs = this.#deps.nowMs();
    const judgement = judgeCommand(name, message, { nowMs, clockTrusted: clockTrusted(), commands, seen });
    if (judgement.do === "drop") return dropped(judgement.fault);
    const answer = (id: string, outcome: Outcome): void =>
      reply(replyTopic(root, name, message, replyPrefix), JSON.stringify({ id, ...outcome }), message.correlation);
    if (judgement.do === "refuse") {
      const { id, reason, text } = judgement;
      dropped(new Fault("COMMAND_REFUSED", `the command ${name} ${id} was refused: ${text}`, { name, id, reason }));
      return answer(id, { ok: false, reason, message: text });
    }
    const { body, keepUntilMs } = judgement;
    if (!(await this.#keep(seen, body.id, keepUntilMs, nowMs)))
      return answer(body.id, { ok: false, reason: "busy", message: "the disk does not answer; use a new id later" });
    const command = commands.get(name);
    if (command === undefined) return;
    const failed = (thrown: unknown): Outcome => ({
      ok: false,
      reason: "failed",
      message: asFault(thrown, "COMMAND_REFUSED").message,
    });
    answer(body.id, await command.run(body).catch(failed));
  }

  async #ids(): Promise<Map<string, number>> {
    this.#seen ??= new Map(
      Object.entries(await this.#deps.journal.kept(COMMAND_KEY)).map(([key, untilMs]) => [
        key.slice(COMMAND_KEY.length),
        z.number().catch(0).parse(untilMs),
      ]),
    );
    return this.#seen;
  }

  /** The id is on disk before the command is run: a command may be lost by a power cut, but is never run twice. */
  async #keep(seen: Map<string, number>, id: string, untilMs: number, nowMs: number): Promise<boolean> {
    const over = forgotten(seen, nowMs);
    for (const one of over) seen.delete(one);
    seen.set(id, untilMs);
    const keep = { ...Object.fromEntries(over.map((one) => [COMMAND_KEY + one, null])), [COMMAND_KEY + id]: untilMs };
    const late = new AbortController();
    const committed = this.#deps.journal.commit({ events: [], keep }).then(
      () => true,
      () => false,
    );
    const done = await Promise.race([committed, wait(COMMIT_MS, false, { signal: late.signal }).catch(() => false)]);
    late.abort();
    return done;
  }
}
