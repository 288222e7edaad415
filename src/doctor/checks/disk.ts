// The journal's disk: there, writable, with space, and not worn out.
import { dirname } from "node:path";
import { type Check, type Finding, failed, ok, type Patient, warn } from "../finding.ts";
import type { Machine } from "../machine.ts";

const MIB = 1_048_576;
const LITTLE_BYTES = 500 * MIB;
const TOO_LITTLE_BYTES = 50 * MIB;

export const diskCheck: Check = { name: "disk", run: (patient) => [folder(patient), space(patient), ...wear(patient)] };

function folder({ config, machine }: Patient): Finding {
  const { dataDir } = config.local;
  const name = "data folder";
  const place = machine.place(dataDir);
  if (place === undefined) {
    const parent = machine.place(nearest(machine, dataDir));
    return parent?.kind === "folder" && parent.writable
      ? ok(name, `${dataDir} is not there yet; the agent makes it`)
      : failed(name, `${dataDir} is not there and cannot be made`, `install -d -o touchpoint -m 0700 ${dataDir}`);
  }
  if (place.kind !== "folder") return failed(name, `${dataDir} is no folder`, "Name another `local.dataDir`.");
  if (!place.writable)
    return failed(
      name,
      `${dataDir} cannot be written by this user`,
      "Run the doctor as the agent's user, or mend the rights; a card at its end turns read-only.",
    );
  return ok(name, `${dataDir} is writable`);
}

function space({ config, machine }: Patient): Finding {
  return judgeSpace(machine.space(nearest(machine, config.local.dataDir)));
}

export function judgeSpace(space: { freeBytes: number; totalBytes: number } | undefined): Finding {
  const name = "disk space";
  const hint = "Free space on the data disk; the journal keeps events until they are sent.";
  if (space === undefined) return failed(name, "cannot be read", hint);
  const text = `${Math.floor(space.freeBytes / MIB)} MiB of ${Math.floor(space.totalBytes / MIB)} MiB free`;
  if (space.freeBytes < TOO_LITTLE_BYTES) return failed(name, text, hint);
  return space.freeBytes < LITTLE_BYTES ? warn(name, text, hint) : ok(name, text);
}

/** eMMC tells its own age in tenths of its life, 0x01 to 0x0b; SD cards say nothing. */
function wear({ machine }: Patient): Finding[] {
  return machine
    .names("/sys/block")
    .filter((disk) => disk.startsWith("mmcblk"))
    .flatMap((disk) => {
      const life = machine.text(`/sys/block/${disk}/device/life_time`);
      return life === undefined ? [] : judgeWear(disk, life);
    });
}

/** @param life two hexadecimal numbers, as the kernel prints them; 0 means the chip does not say */
export function judgeWear(disk: string, life: string): Finding[] {
  const used = Math.max(...life.trim().split(/\s+/).map(Number).filter(Number.isFinite), 0);
  if (used === 0) return [];
  const text = used > 10 ? "has lived longer than it was made for" : `has used up to ${used * 10} % of its life`;
  const name = `wear ${disk}`;
  if (used > 10) return [failed(name, text, "Replace it; take the journal along.")];
  return [used > 8 ? warn(name, text, "Plan to replace it.") : ok(name, text)];
}

/** The folder itself or the nearest one above it that is there. */
function nearest(machine: Machine, path: string): string {
  let folder = path;
  while (machine.place(folder) === undefined && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
