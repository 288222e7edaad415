// The SQLite driver that fits this Node: one package, two of its lines.
import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";

/** An open database. */
export type Database = BetterSqlite3.Database;
/** A prepared statement of any parameters. */
export type Statement = BetterSqlite3.Statement<unknown[]>;

/**
 * The constructor of better-sqlite3. Its 12 is built on C++ classes of Node's headers that from Node 24 on abort the
 * process when a statement is collected outside a call or after its thread's end; its 13 is built on Node-API, but
 * needs Node 22, and brings no binary for 32-bit Arm (decision 012).
 */
export const Database = createRequire(import.meta.url)(driverFor(process)) as typeof BetterSqlite3;

/** Name of the package to load. */
export function driverFor(node: { readonly version: string; readonly arch: string }): string {
  const major = Number(/^v(\d+)/.exec(node.version)?.[1]);
  return major >= 22 && (node.arch === "x64" || node.arch === "arm64") ? "better-sqlite3-13" : "better-sqlite3";
}
