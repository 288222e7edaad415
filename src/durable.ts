// Small files that are there whole or not at all: temporary file, sync, rename, sync of the folder.
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

/**
 * Writes `content` to `file`, mode 0600, with the owner of its folder where the caller may give it away. After a power
 * cut the file holds either all of it or what it held before.
 * @param replace false: fails with EEXIST where the name is taken
 * @throws what the file system says
 */
export function writeDurably(file: string, content: string | Uint8Array, replace = true): void {
  const folder = dirname(file);
  const temporary = `${file}.${process.pid}.new`;
  try {
    // Left behind by a process of this number that was killed: in a container the next one has the same.
    rmSync(temporary, { force: true });
    const { uid, gid } = statSync(folder);
    const fd = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(fd, content);
      if (process.getuid?.() === 0) fchownSync(fd, uid, gid);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (replace) renameSync(temporary, file);
    // A link fails where the name is taken, also when somebody took it a moment ago; a rename would not.
    else linkSync(temporary, file);
    syncFolder(file);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Makes what happened to names in the folder of `file` last. */
export function syncFolder(file: string): void {
  const folder = openSync(dirname(file), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
