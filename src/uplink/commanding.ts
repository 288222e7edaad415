// Runs the commands that the gate lets through, one after the other: id and audit on disk, then the act, then the reply.
import { setTimeout as wait } from "node:timers/promises";
import type { Journal } from "../journal/journal.ts";
import type { CommandBody, Refusal } from "../words/commands.ts";
import { asFault, Fault } from "../words/errors.ts";
import type { EventData, Stamped } from "../words/events.ts";
import { COMMAND_KEY, forgotten, keptIds, type RunCommand } from "./command-ids.ts";
import { type CommandTraits, judgeCommand, readCommand, replyTopic } from "./commands.ts";
import type { Incoming } from "./connection.ts";
import { Refusals, type Told } from "./refusals.ts";
import type { Rights } from "./rights.ts";
import type { Place } from "./signature.ts";

/** Longest wait for the id to be on disk, milliseconds. */
const COMMIT_MS = 5_000;
/** Most commands that wait for their turn. */
const MAX_WAITING = 16;
/** Longest name of a command, and text of who gave it, in an audit: those of a refused one are anybody's. */
const MAX_NAME = 64;

/** What a command says about what it did, or why it did not; goes into the reply. */
export type Outcome =
  | { readonly ok: true; readonly [field: string]: unknown }
  | { readonly ok: false; readonly reason: Refusal | "failed"; readonly message: string };

/** One command: what is known of it, and what it does. */
export interface Command extends CommandTraits {
  /** @throws nothing it could say in its outcome */
  readonly run: (body: CommandBody) => Promise<Outcome>;
  /** It takes seconds: those after it do not wait for it. */
  readonly aside?: true;
  /** What it does is an audit event of its own. */
  readonly audited?: true;
  /** What follows a good reply, once that is on its way. */
  readonly afterwards?: () => void;
}

export interface CommandingDeps {
  readonly journal: Pick<Journal, "commit" | "kept">;
  readonly commands: ReadonlyMap<string, Command>;
  readonly rights: Rights;
  readonly place: Place;
  /** `{prefix}/{site}/{device}`. */
  readonly root: string;
  readonly replyPrefix: string | undefined;
  /** UTC milliseconds. */
  readonly nowMs: () => number;
  readonly clockTrusted: () => boolean;
  readonly audit: (data: EventData["audit"]) => Stamped;
  readonly dropped: (fault: Fault) => void;
}

/** Publishes a reply on the connection that is open at that moment, or says why it is too large for that. */
export type Reply = (topic: string, json: string, correlation?: Buffer) => string | undefined;

/** A command, and the way back to who sent it. */
interface Came {
  readonly name: string;
  readonly message: Incoming;
  readonly reply: Reply;
  readonly body: CommandBody;
}

/** Receives commands over the life of the agent, whatever connections come and go. */
export class Commanding {
  readonly #deps: CommandingDeps;
  /** By id; read from the journal with the first command. */
  #seen: Map<string, RunCommand> | undefined;
  /** Forgotten, and still on disk until the next id is written. */
  readonly #stale = new Set<string>();
  #waiting = 0;
  #tail: Promise<void> = Promise.resolve();
  readonly #refusals = new Refusals();
  #due: NodeJS.Timeout | undefined;

  constructor(deps: CommandingDeps) {
    this.#deps = deps;
  }

  /** Takes a message on `cmd/{name}`; its reply follows. */
  receive(name: string, message: Incoming, reply: Reply): void {
    if (this.#waiting >= MAX_WAITING) {
      this.#turnAway(name, message, reply);
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

  /** Nothing is received any more: what the audit has still to say is said. */
  stop(): void {
    clearTimeout(this.#due);
    this.#tellRefusals(this.#refusals.due(Number.POSITIVE_INFINITY));
  }

  async #handle(name: string, message: Incoming, reply: Reply): Promise<void> {
    const { commands, rights, place, clockTrusted, dropped } = this.#deps;
    const seen = await this.#ids();
    const nowMs = this.#deps.nowMs();
    const trusted = clockTrusted();
    for (const one of forgotten(seen, nowMs, trusted)) {
      seen.delete(one);
      this.#stale.add(one);
    }
    const judgement = judgeCommand(name, message, { nowMs, clockTrusted: trusted, commands, rights, place, seen });
    if (judgement.do === "drop") return dropped(judgement.fault);
    const { body } = judgement;
    const { id, by } = body;
    const came = { name, message, reply, body };
    const refuse = (reason: Refusal, text: string): void => this.#refuse(came, reason, text);
    if (judgement.do === "refuse") return refuse(judgement.reason, judgement.text);
    const command = commands.get(name);
    if (command === undefined) return;
    const about = { action: "command", target: name, by, via: "mqtt", command: id } as const;
    const begun = this.#deps.audit({ ...about, outcome: "run", proved: judgement.proved });
    seen.set(id, judgement.keep);
    const stale = [...this.#stale];
    this.#stale.clear();
    const keep = {
      ...Object.fromEntries(stale.map((one) => [COMMAND_KEY + one, null])),
      [COMMAND_KEY + id]: judgement.keep,
    };
    if (!(await this.#committed(command.audited === true ? [] : [begun], keep)))
      return refuse("busy", "the disk does not answer; use a new id later");
    const acted = this.#act(command, body).then((outcome) => {
      if (!outcome.ok) this.#commit(this.#deps.audit({ ...about, outcome: "failed", reasons: [outcome.reason] }));
      this.#answer(came, outcome);
      if (outcome.ok) command.afterwards?.();
    });
    if (command.aside !== true) await acted;
  }

  #turnAway(name: string, message: Incoming, reply: Reply): void {
    const read = readCommand(name, message.payload);
    if (read instanceof Fault) this.#deps.dropped(read);
    else
      this.#refuse({ name, message, reply, body: read.body }, "busy", `${MAX_WAITING} commands wait; ask again later`);
  }

  #refuse(came: Came, reason: Refusal, text: string): void {
    const { name, body } = came;
    const { id, by } = body;
    this.#deps.dropped(
      new Fault("COMMAND_REFUSED", `the command ${name} ${id} was refused: ${text}`, { name, id, reason }),
    );
    this.#tellRefused({ reason, command: name, id, by });
    this.#answer(came, { ok: false, reason, message: text });
  }

  #answer({ name, message, reply, body: { id } }: Came, outcome: Outcome): void {
    const { root, replyPrefix } = this.#deps;
    const topic = replyTopic(root, name, message, replyPrefix);
    const tooLarge = reply(topic, JSON.stringify({ id, ...outcome }), message.correlation);
    if (tooLarge !== undefined)
      reply(topic, JSON.stringify({ id, ok: false, reason: "failed", message: tooLarge }), message.correlation);
  }

  async #act(command: Command, body: CommandBody): Promise<Outcome> {
    try {
      return await command.run(body);
    } catch (thrown) {
      return { ok: false, reason: "failed", message: asFault(thrown, "COMMAND_REFUSED").message };
    }
  }

  async #ids(): Promise<Map<string, RunCommand>> {
    this.#seen ??= keptIds(await this.#deps.journal.kept(COMMAND_KEY));
    return this.#seen;
  }

  /** Id and audit are on disk before the command is run: a power cut may lose a command, but never runs one twice. */
  async #committed(events: readonly Stamped[], keep: Readonly<Record<string, unknown>>): Promise<boolean> {
    const late = new AbortController();
    const committed = this.#deps.journal.commit({ events, keep }).then(
      () => true,
      () => false,
    );
    const done = await Promise.race([committed, wait(COMMIT_MS, false, { signal: late.signal }).catch(() => false)]);
    late.abort();
    return done;
  }

  #tellRefused(refused: Omit<Told, "count">): void {
    const told = this.#refusals.add(refused, performance.now());
    this.#tellRefusals(told === undefined ? [] : [told]);
    this.#tellLater();
  }

  #tellLater(): void {
    const { nextMs } = this.#refusals;
    if (this.#due !== undefined || nextMs === undefined) return;
    this.#due = setTimeout(
      () => {
        this.#due = undefined;
        this.#tellRefusals(this.#refusals.due(performance.now()));
        this.#tellLater();
      },
      Math.max(0, nextMs - performance.now()),
    );
  }

  #tellRefusals(told: readonly Told[]): void {
    for (const { reason, command, id, by, count } of told)
      this.#commit(
        this.#deps.audit({
          action: "command",
          target: command.slice(0, MAX_NAME),
          by,
          via: "mqtt",
          command: id,
          outcome: "refused",
          reasons: [reason],
          count,
        }),
      );
  }

  #commit(event: Stamped): void {
    // Given up only when the journal closes.
    this.#deps.journal.commit({ events: [event], keep: {} }).catch(() => undefined);
  }
}
