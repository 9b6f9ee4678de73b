import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Runs a script to its end and returns the one message that it sends. */
async function told(script: string): Promise<unknown> {
  const child = fork(join(import.meta.dirname, script), { execArgv: [] });
  const [[message], [exitCode]] = await Promise.all([once(child, "message"), once(child, "exit")]);
  expect(exitCode).toBe(0);
  return message;
}

test("importing the adapters loads no driver; the first connection loads its own", async () => {
  expect(await told("sqlite/loaded-drivers.ts")).toEqual({
    imported: [],
    made: [],
    connected: ["NativeModule sqlite"],
    all: ["NativeModule sqlite", "pg", "mysql2"],
  });
});

test("a missing driver tells what to install, and SQLite does without", async () => {
  const missing = (database: string, name: string) => ({
    kind: "unsupported",
    message: `The driver for ${database}, the npm package ${name}, is not installed.`,
    hint: `Run: npm install ${name}`,
  });
  expect(await told("without-drivers.ts")).toEqual({
    sqlite: [{ one: 1 }],
    postgresql: missing("PostgreSQL", "pg"),
    mysql: missing("MySQL and MariaDB", "mysql2"),
    mariadb: missing("MySQL and MariaDB", "mysql2"),
  });
});
