import { expect, test } from "vitest";
import { Database, driverFor } from "../../src/journal/sqlite.ts";

test.each([
  ["v20.19.0", "x64", "better-sqlite3"],
  ["v20.19.0", "arm64", "better-sqlite3"],
  ["v20.19.0", "arm", "better-sqlite3"],
  ["v22.12.0", "arm", "better-sqlite3"],
  ["v22.12.0", "x64", "better-sqlite3-13"],
  ["v24.21.0", "x64", "better-sqlite3-13"],
  ["v24.21.0", "arm64", "better-sqlite3-13"],
])("Node %s on %s opens its files with %s", (version, arch, driver) => {
  expect(driverFor({ version, arch })).toBe(driver);
});

test("the driver of this Node opens, writes and reads", () => {
  const db = new Database(":memory:");
  db.exec("CREATE TABLE events (seq INTEGER PRIMARY KEY, json TEXT NOT NULL)");
  db.prepare("INSERT INTO events (json) VALUES (?)").run("{}");
  expect(db.prepare("SELECT seq, json FROM events").all()).toEqual([{ seq: 1, json: "{}" }]);
  db.close();
});
