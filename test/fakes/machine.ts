// A machine made of maps: files, devices and programs that say what they are told to say.
import type { Holder, Machine, Place, Ran } from "../../src/doctor/machine.ts";

export interface FakeMachine {
  readonly files?: Readonly<Record<string, string>>;
  readonly places?: Readonly<Record<string, Place>>;
  readonly freeBytes?: number;
  readonly holders?: Readonly<Record<string, readonly Holder[]>>;
  /** By command line, `program arg arg`. */
  readonly programs?: Readonly<Record<string, string>>;
}

const FOLDER: Place = { kind: "folder", readable: true, writable: true, mode: 0o755 };

/** Folders are whatever lies above a file or a place. */
export function fakeMachine(fake: FakeMachine): Machine {
  const paths = [...Object.keys(fake.files ?? {}), ...Object.keys(fake.places ?? {})];
  const below = (folder: string): string[] => paths.filter((path) => path.startsWith(`${folder.replace(/\/$/, "")}/`));
  return {
    text: (path) => fake.files?.[path],
    names: (folder) => [...new Set(below(folder).map((path) => path.slice(folder.length + 1).split("/")[0] ?? ""))],
    place: (path) => fake.places?.[path] ?? (path === "/" || below(path).length > 0 ? FOLDER : undefined),
    space: () => ({ freeBytes: fake.freeBytes ?? 10 ** 10, totalBytes: 10 ** 11 }),
    holders: (path) => fake.holders?.[path] ?? [],
    run: async (program, args): Promise<Ran | undefined> => {
      const stdout = fake.programs?.[[program, ...args].join(" ")];
      return stdout === undefined ? undefined : { code: 0, stdout, stderr: "" };
    },
  };
}
