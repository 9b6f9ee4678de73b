/** What every contender does, in the same tables, so that their times can be compared. */

/** The databases that are measured. */
export const DATABASES = ["sqlite", "postgresql", "mysql", "mariadb"] as const;
export type Database = (typeof DATABASES)[number];

/** Where a database is. */
export interface Place {
  readonly database: Database;
  /** For SQLite `sqlite://` and the path of the file. */
  readonly url: string;
}

/** What is measured. All but the stream are counted in operations a second. */
export const WORKS = ["byKey", "byKey32", "insert", "read1000", "insert1000", "transaction", "stream"] as const;
export type Work = (typeof WORKS)[number];

export const WORK_TITLES: Readonly<Record<Work, string>> = {
  byKey: "one row by its key",
  byKey32: "one row by its key, 32 callers on 10 connections",
  insert: "insert of a row, with its id",
  read1000: "1,000 rows × 8 columns read",
  insert1000: "1,000 rows × 8 columns inserted",
  transaction: "a transaction of three statements",
  stream: "a million rows streamed",
};

/** Who is compared with whom. "bare" is the driver by itself, with the same conversions of types by hand. */
export type Contender =
  | "bare"
  | "fraisier"
  | "better-sqlite3"
  | "postgres.js"
  | "mariadb connector"
  | "Kysely"
  | "Knex"
  | "Drizzle";

/** The driver that "bare" is. */
export const BARE_TITLES: Readonly<Record<Database, string>> = {
  sqlite: "node:sqlite",
  postgresql: "pg",
  mysql: "mysql2",
  mariadb: "mysql2",
};

/** How many connections each contender may have, and how many callers share them. */
export const CONNECTIONS = 10;
export const CALLERS = 32;

/** How many rows `account` and `reading` have. */
export const ACCOUNTS = 10_000;
export const READINGS = 1000;

/** A row of `account`, the table that is read by key. */
export interface Account {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly visits: number;
}

/** A row of `entry` before it has its id. */
export interface Entry {
  readonly account_id: number;
  readonly note: string;
  readonly amount: number;
  readonly created_at: Date;
}

/** A row of `reading` and of `bulk`: eight columns of mixed types. */
export interface Reading {
  readonly id: number;
  readonly name: string;
  /** An exact decimal. */
  readonly price: string;
  readonly ratio: number;
  readonly active: boolean;
  readonly taken_at: Date;
  /** 64 bits wide. */
  readonly counter: number | bigint;
  readonly details: Readonly<Record<string, unknown>>;
}

export type MaybePromise<T> = T | Promise<T>;

/** An open contender. What is synchronous in a driver stays so: it is not made to wait for a promise. */
export interface Session {
  /** One row of `account`. */
  byKey(id: number): MaybePromise<object | undefined>;
  /** One row into `entry`. @returns the id that the database made */
  insert(entry: Entry): MaybePromise<unknown>;
  /** All rows of `reading`. */
  read(): MaybePromise<readonly object[]>;
  /** Rows into `bulk`, all or none. */
  insertMany(rows: readonly Reading[]): MaybePromise<unknown>;
  /** Reads an account's visits, writes them back one higher, and inserts an entry. */
  transact(entry: Entry): MaybePromise<unknown>;
  /** All rows of `log`, without having them in memory at once; absent where the contender can't. */
  stream?(): Iterable<object> | AsyncIterable<object>;
  close(): MaybePromise<unknown>;
}

/** Opens a contender. */
export type Open = (place: Place) => MaybePromise<Session>;

/** The nth entry. */
export function entryOf(n: number): Entry {
  return { account_id: (n % ACCOUNTS) + 1, note: `entry ${n}`, amount: n % 1000, created_at: new Date(START + n) };
}

const START = Date.UTC(2026, 0, 1);

/** The nth reading. */
export function readingOf(n: number): Reading {
  return {
    id: n,
    name: `sensor ${n % 50}, reading ${n}`,
    price: `${n}.${String(n % 90).padStart(2, "1")}`,
    ratio: n / 7,
    active: n % 3 === 0,
    taken_at: new Date(START + n * 60_000),
    counter: 4_000_000_000 + n,
    details: { unit: "°C", tags: ["a", "b"], nested: { n, ok: true } },
  };
}
