// Notices renewed certificates and passwords, and keeps what worked where the new files cannot be used.
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { BrokerConfig } from "../config/schema.ts";
import type { StageReport } from "../supervise/keep-running.ts";
import { asFault, type Fault } from "../words/errors.ts";
import { expiryFault } from "./certificates.ts";
import { type LoginFiles, loginFileNames, readLoginFiles } from "./login.ts";

export interface RenewalDeps {
  /** The stage `certificates`: degraded while one ends soon or a renewed one cannot be used. */
  readonly report: StageReport;
  /** UTC milliseconds. */
  readonly nowMs: () => number;
  /** New files are complete and valid: use them now. */
  readonly renewed: () => void;
}

/** What the login's files hold, over the life of the agent. */
export class LoginRenewal {
  readonly #broker: BrokerConfig;
  readonly #deps: RenewalDeps;
  readonly #names: readonly string[];
  /** The newest that could be used. */
  #usable: LoginFiles | undefined;
  /** What `take` handed out last, as a hash. */
  #taken = "";
  #stamps = "";
  /** Unusable at the look before: a pair whose second file is still being written is no news. */
  #unusable: Fault | undefined;
  #looking = false;
  /** The last attempt had no files that could be used. */
  #wanting = false;

  constructor(broker: BrokerConfig, deps: RenewalDeps) {
    this.#broker = broker;
    this.#deps = deps;
    this.#names = loginFileNames(broker);
  }

  /**
   * The files for an attempt: as they are now, or the last ones that could be used.
   * @throws Fault CONFIG_UNREADABLE, CONFIG_SECRET, CERT_UNUSABLE where none could ever be used
   */
  take(): LoginFiles {
    try {
      this.#usable = readLoginFiles(this.#broker);
    } catch (thrown) {
      this.#wanting = this.#usable === undefined;
      if (this.#usable === undefined) throw thrown;
    }
    this.#wanting = false;
    this.#taken = hashOf(this.#usable);
    this.#say();
    return this.#usable;
  }

  /** Looks at the files, and says what there is to say of them. To be called every few seconds; never rejects. */
  async look(): Promise<void> {
    if (this.#looking || this.#names.length === 0) return;
    this.#looking = true;
    const stamps = (await Promise.all(this.#names.map(stampOf))).join(" ");
    this.#looking = false;
    if (stamps !== this.#stamps || this.#unusable !== undefined) this.#read(stamps);
    this.#say();
  }

  #read(stamps: string): void {
    let files: LoginFiles;
    try {
      files = readLoginFiles(this.#broker);
    } catch (thrown) {
      const fault = asFault(thrown, "CERT_UNUSABLE");
      if (this.#unusable !== undefined) this.#deps.report("degraded", fault);
      this.#unusable = fault;
      return;
    }
    this.#stamps = stamps;
    this.#unusable = undefined;
    this.#usable = files;
    const hash = hashOf(files);
    if (!this.#wanting && (this.#taken === "" || hash === this.#taken)) return;
    this.#taken = hash;
    this.#deps.renewed();
  }

  #say(): void {
    const tls = this.#usable?.tls;
    if (tls === undefined || this.#unusable !== undefined || (tls.cert === undefined && tls.ca === undefined)) return;
    const fault = expiryFault(tls, this.#deps.nowMs());
    if (fault === undefined) this.#deps.report("ok");
    else this.#deps.report("degraded", fault);
  }
}

function hashOf({ tls, password }: LoginFiles): string {
  const hash = createHash("sha256");
  for (const part of [tls.ca, tls.cert, tls.key, password]) hash.update(part ?? "").update("\0");
  return hash.digest("hex");
}

/** Changes whenever the file does. */
async function stampOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(file);
    return `${ino}/${size}/${mtimeMs}/${ctimeMs}`;
  } catch {
    return "none";
  }
}
