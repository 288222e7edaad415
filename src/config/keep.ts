// Puts a configuration file on disk whole or not at all, readable by its owner only.
import {
  closeSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { Fault } from "../words/errors.ts";

/**
 * Writes `text` to `file`: temporary file beside it, fsync, rename, fsync of the folder; mode 0600. The file gets the
 * owner of its folder where the caller may give it away, so that what root writes the agent's user can read.
 * @throws Fault CONFIG_EXISTS when there is a file already and `force` is false; CONFIG_WRITE when the disk refuses
 */
export function keepConfig(file: string, text: string, force: boolean): void {
  const folder = dirname(file);
  const temporary = `${file}.${process.pid}.new`;
  try {
    const { uid, gid } = statSync(folder);
    const fd = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(fd, text);
      if (process.getuid?.() === 0) fchownSync(fd, uid, gid);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (force) renameSync(temporary, file);
    // A link fails where the name is taken, also when somebody took it a moment ago; a rename would not.
    else linkSync(temporary, file);
    const folderFd = openSync(folder, "r");
    fsyncSync(folderFd);
    closeSync(folderFd);
  } catch (thrown) {
    const reason = thrown instanceof Error && "code" in thrown ? String(thrown.code) : String(thrown);
    if (reason === "EEXIST") throw new Fault("CONFIG_EXISTS", `${file} is there already`, { file }, thrown);
    throw new Fault("CONFIG_WRITE", `cannot write ${file}: ${reason}`, { file }, thrown);
  } finally {
    rmSync(temporary, { force: true });
  }
}
