/** The databases' own command-line programs, from the machine or from Debian's packages, as the servers are. */
import type { Packaged } from "./products/product.ts";
import { type Programs, providePrograms } from "./programs.ts";

export type ClientName = "psql" | "mariadb" | "mysql" | "sqlite3";

const CLIENTS: Readonly<Record<ClientName, Packaged>> = {
  psql: {
    kind: "postgresql-client",
    title: "psql",
    programs: ["psql"],
    packages: ["postgresql-client"],
    suite: "release",
    parseVersion: (text) => /^psql \(PostgreSQL\) (\d\S*)/.exec(text)?.[1] ?? null,
  },
  mariadb: {
    kind: "mariadb-client",
    title: "MariaDB's client",
    programs: ["mariadb"],
    packages: ["mariadb-client-core"],
    suite: "release",
    parseVersion: (text) => /(\d+(?:\.\d+)+)-MariaDB/.exec(text)?.[1] ?? null,
  },
  mysql: {
    kind: "mysql-client",
    title: "MySQL's client",
    programs: ["mysql"],
    packages: ["mysql-client-core"],
    suite: "unstable",
    // MariaDB's client can be called mysql too.
    parseVersion: (text) => (/mariadb/i.test(text) ? null : (/\bVer (\d+(?:\.\d+)+)/.exec(text)?.[1] ?? null)),
  },
  sqlite3: {
    kind: "sqlite-client",
    title: "sqlite3",
    programs: ["sqlite3"],
    packages: ["sqlite3"],
    suite: "release",
    parseVersion: (text) => /^(\d+(?:\.\d+)+) /.exec(text)?.[1] ?? null,
  },
};

/** A client program. @throws when there is none and none can be had */
export const provideClient = (name: ClientName): Promise<Programs> => providePrograms(CLIENTS[name]);
