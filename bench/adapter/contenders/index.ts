import type { Contender, Database, Open } from "../work.ts";

type Load = () => Promise<{ readonly open: Open }>;

const fraisier: Load = () => import("./fraisier.ts");
const bareMysql: Load = () => import("./bare-mysql.ts");
const connector: Load = () => import("./mariadb.ts");
const kysely: Load = () => import("./kysely.ts");
const knex: Load = () => import("./knex.ts");
const drizzleMysql: Load = () => import("./drizzle-mysql.ts");

/** Who is measured on each database, in the order in which a round takes them. */
export const CONTENDERS: Readonly<Record<Database, Partial<Readonly<Record<Contender, Load>>>>> = {
  sqlite: {
    bare: () => import("./bare-sqlite.ts"),
    fraisier,
    "better-sqlite3": () => import("./better-sqlite3.ts"),
    Kysely: kysely,
    Knex: knex,
    Drizzle: () => import("./drizzle-sqlite.ts"),
  },
  postgresql: {
    bare: () => import("./bare-postgresql.ts"),
    fraisier,
    "postgres.js": () => import("./postgres-js.ts"),
    Kysely: kysely,
    Knex: knex,
    Drizzle: () => import("./drizzle-postgresql.ts"),
  },
  mysql: {
    bare: bareMysql,
    fraisier,
    "mariadb connector": connector,
    Kysely: kysely,
    Knex: knex,
    Drizzle: drizzleMysql,
  },
  mariadb: {
    bare: bareMysql,
    fraisier,
    "mariadb connector": connector,
    Kysely: kysely,
    Knex: knex,
    Drizzle: drizzleMysql,
  },
};
