// Puts a configuration file on disk whole or not at all, readable by its owner only.
import { writeDurably } from "../durable.ts";
import { Fault } from "../words/errors.ts";

/**
 * Writes `text` to `file`, see `writeDurably`; what root writes the agent's user can read.
 * @throws Fault CONFIG_EXISTS when there is a file already and `force` is false; CONFIG_WRITE when the disk refuses
 */
export function keepConfig(file: string, text: string, force: boolean): void {
  try {
    writeDurably(file, text, force);
  } catch (thrown) {
    const reason = thrown instanceof Error && "code" in thrown ? String(thrown.code) : String(thrown);
    if (reason === "EEXIST") throw new Fault("CONFIG_EXISTS", `${file} is there already`, { file }, thrown);
    throw new Fault("CONFIG_WRITE", `cannot write ${file}: ${reason}`, { file }, thrown);
  }
}
