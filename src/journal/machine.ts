// Tells this machine from a clone of its card, without keeping the machine's own ids.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A cloned card brings its machine id along; the number of the board it cannot. */
const BOARD_FILES = ["/sys/firmware/devicetree/base/serial-number", "/sys/class/dmi/id/product_uuid"];

/**
 * Hash of the machine id that systemd gives each installation, and where it can be read one of the board's own number,
 * joined by a dot; empty where there is neither.
 */
export function readMachine(file = "/etc/machine-id", boardFiles: readonly string[] = BOARD_FILES): string {
  const id = hashOf(file);
  const board = boardFiles.map(hashOf).find((hash) => hash !== "") ?? "";
  return board === "" ? id : `${id}.${board}`;
}

/** False where two identities contradict each other; what one of them does not know is no contradiction. */
export function isSameMachine(one: string, other: string): boolean {
  const [first, second] = [one.split("."), other.split(".")];
  return first.every((part, n) => part === "" || (second[n] ?? "") === "" || second[n] === part);
}

function hashOf(file: string): string {
  try {
    const id = readFileSync(file, "utf8").replaceAll("\0", "").trim();
    return id === "" ? "" : createHash("sha256").update(`touchpoint journal ${id}`).digest("hex").slice(0, 16);
  } catch {
    return "";
  }
}
