import type { Dialect } from "../dialect.ts";
import { DatabaseError } from "../errors.ts";
import type { Queryable } from "../types.ts";

/** Whether a migration is applied or taken back. */
export type Direction = "up" | "down";

/** A statement of a migration that is under way. */
export interface JournalEntry {
  readonly version: number;
  /** Of the migration: its file may be gone. */
  readonly name: string;
  readonly direction: Direction;
  /** Its place in its section, from 1. */
  readonly position: number;
  /** SHA-256 of its text. */
  readonly statement_hash: string;
  /** SHA-256 of what the catalogue said of its objects before it ran. */
  readonly catalogue_hash: string;
  readonly started_at: Date;
  /** null: it is running, or its runner died with it. */
  readonly finished_at: Date | null;
}

/**
 * What was begun of migrations that cannot be applied in one transaction: a row for each statement, written before it
 * runs. The rows of a migration go when it is done.
 */
export class Journal {
  readonly name: string;
  readonly #table: string;
  readonly #dialect: Dialect;

  constructor(historyTable: string, dialect: Dialect) {
    this.name = `${historyTable}_journal`;
    this.#table = dialect.quoteIdentifier(this.name);
    this.#dialect = dialect;
  }

  async create(database: Queryable): Promise<void> {
    const { instantType } = this.#dialect;
    await database.executeQuery(
      `CREATE TABLE IF NOT EXISTS ${this.#table} (
        version BIGINT NOT NULL,
        name VARCHAR(255) NOT NULL,
        direction VARCHAR(4) NOT NULL,
        position INTEGER NOT NULL,
        statement_hash CHAR(64) NOT NULL,
        catalogue_hash CHAR(64) NOT NULL,
        started_at ${instantType} NOT NULL,
        finished_at ${instantType},
        PRIMARY KEY (version, direction, position)
      )`,
      [],
      { prepare: false },
    );
  }

  /** Everything that was begun and is not done, in order; nothing when the table is missing. */
  async read(database: Queryable): Promise<JournalEntry[]> {
    try {
      return await database.executeQuery<JournalEntry>(
        `SELECT version, name, direction, position, statement_hash, catalogue_hash, started_at, finished_at
         FROM ${this.#table} ORDER BY version, direction, position`,
        [],
        { prepare: false },
      );
    } catch (error) {
      if (error instanceof DatabaseError && error.kind === "undefined_table") return [];
      throw error;
    }
  }

  async begin(database: Queryable, entry: Omit<JournalEntry, "finished_at">): Promise<void> {
    await database.insertMany(this.name, [{ ...entry, finished_at: null }], { prepare: false });
  }

  async finish(database: Queryable, { version, direction, position }: EntryKey, at: Date): Promise<void> {
    await database.executeUpdate(
      `UPDATE ${this.#table} SET finished_at = ? WHERE version = ? AND direction = ? AND position = ?`,
      [at, version, direction, position],
      { prepare: false },
    );
  }

  /** Forgets a statement that had no effect. */
  async forget(database: Queryable, { version, direction, position }: EntryKey): Promise<void> {
    await database.executeUpdate(
      `DELETE FROM ${this.#table} WHERE version = ? AND direction = ? AND position = ?`,
      [version, direction, position],
      { prepare: false },
    );
  }

  /** Forgets a migration that is done. */
  async clear(database: Queryable, version: number): Promise<void> {
    await database.executeUpdate(`DELETE FROM ${this.#table} WHERE version = ?`, [version], { prepare: false });
  }
}

export type EntryKey = Pick<JournalEntry, "version" | "direction" | "position">;
