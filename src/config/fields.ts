// Fields that several parts of the configuration share.
import { z } from "zod";

export const id = z
  .string()
  .regex(/^[a-z0-9-]{1,48}$/, "use 1 to 48 of a-z, 0-9 and -")
  .describe("a name of 1 to 48 of a-z, 0-9 and -");
export const filePath = z.string().min(1);
export const NO_LOGIN = "no user or password in an address: name them by username and passwordFile";

/** What is no address at all is another mistake's business. */
export function hasNoLogin(address: string): boolean {
  return !URL.canParse(address) || (new URL(address).username === "" && new URL(address).password === "");
}

export const milliseconds = z.int().min(0).max(86_400_000);

/** A place in the picture: shares of its width and height, origin top left. */
export const point = z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)]);
export const polygon = z.array(point).min(3).max(100);
export const wholeFrame: [number, number][] = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];
export const anchor = z.enum(["centre", "foot"]).describe("the point of a box that must lie inside");
export const minScore = z.number().min(0.05).max(1).describe("detections less sure than this are left out");
