import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseType, loadDatabaseConfig } from "../../../db/index.ts";
import { EXIT } from "../../exit-codes.ts";
import { completeCommands } from "../../hints.ts";
import { databasePlace } from "../../session.ts";
import { printable, type Terminal } from "../../terminal.ts";
import { UsageError } from "../../usage-error.ts";
import type { MigrationSetOptions } from "./migrations.ts";

const TEMPLATE = `-- migrate:up

-- migrate:down
`;

/**
 * Makes a migration with the next free number: a file in the folder of each database that the project has migrations
 * for, or where there is none yet, of the database that is configured.
 */
export async function dbNew(terminal: Terminal, typed: string, options: MigrationSetOptions): Promise<number> {
  const name = typed.trim().replaceAll(/[\s-]+/g, "_");
  if (!/^[A-Za-z0-9_]{1,100}$/.test(name))
    throw new UsageError(
      `A migration can't be called "${typed}": its name has letters, digits and _ only.`,
      "For example: fraisier db new create_users",
    );
  const root = options.directory ?? "migrations";
  const folders = await foldersOf(root, options);
  const number = Math.max(0, ...(await Promise.all(folders.map(highestNumber)))) + 1;
  const files = folders.map((folder) => join(folder, `${String(number).padStart(3, "0")}_${name}.sql`));
  for (const file of files) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, TEMPLATE, { flag: "wx" });
  }
  if (terminal.json) {
    terminal.printJson("db-new", { version: number, files });
    return EXIT.done;
  }
  for (const file of files) terminal.print(printable(file));
  terminal.say(
    completeCommands("Write the statements there, then apply them: fraisier db migrate", {
      ...options,
      directory: root,
    }),
  );
  return EXIT.done;
}

async function foldersOf(root: string, options: MigrationSetOptions): Promise<string[]> {
  const existing = Object.values(DatabaseType)
    .map((type) => join(root, type))
    .filter((folder) => existsSync(folder));
  if (existing.length > 0) return existing;
  const { type } = loadDatabaseConfig(databasePlace(options));
  return [join(root, type)];
}

async function highestNumber(folder: string): Promise<number> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  return Math.max(0, ...names.map((name) => Number(/^(\d+)_.*\.sql$/.exec(name)?.[1] ?? 0)));
}
