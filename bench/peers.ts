import { readFileSync } from "node:fs";

/** The npm packages of the contenders: in the project's own folder, and in this one. */
const OWN = { pg: "pg", mysql2: "mysql2" };
const PEERS = {
  "better-sqlite3": "better-sqlite3",
  "postgres.js": "postgres",
  "mariadb connector": "mariadb",
  Kysely: "kysely",
  Knex: "knex",
  Drizzle: "drizzle-orm",
};

/** The versions of the packages that are compared. */
export function peerVersions(): Record<string, string> {
  return { ...versionsIn("..", OWN), ...versionsIn(".", PEERS) };
}

function versionsIn(folder: string, packages: Readonly<Record<string, string>>): Record<string, string> {
  const versionOf = (name: string): string => {
    const file = new URL(`${folder}/node_modules/${name}/package.json`, import.meta.url);
    return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
  };
  return Object.fromEntries(Object.entries(packages).map(([title, name]) => [title, versionOf(name)]));
}
