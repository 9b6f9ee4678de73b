import type { MigrationSupport } from "./migrations/support.ts";
import type { PoolOptions } from "./pool-types.ts";
import type { LexicalRules } from "./sql/lexical-rules.ts";
import type { DatabaseType, TransactionOptions } from "./types.ts";

/** Statements with one parameter, the table's name. */
export interface TableKeyQueries {
  /** Returns `name`, `is_generated` (1 when it counts up by itself) and `has_default` (1 when it is not NULL when left out). */
  readonly columns: string;
  /** Returns `key_name` and `column_name` (NULL for an expression) of every unique key. */
  readonly uniqueKeys: string;
}

/**
 * What differs between databases, as data and small pure functions. Shared code asks for a capability, never which
 * database it is talking to.
 */
export interface Dialect {
  readonly type: DatabaseType;
  readonly lexical: LexicalRules;
  /** The text of the n-th placeholder (n from 1). */
  placeholder(n: number): string;
  /** Whether one placeholder's text can stand in several places for one value (`$1 … $1`). */
  readonly numberedPlaceholders: boolean;
  /** Whether a statement in native placeholders is counted here, since the driver binds NULL for a value left out. */
  readonly countsNativeParameters: boolean;
  quoteIdentifier(name: string): string;
  /** The most parameters that one statement can have; beyond it the protocols lose count. */
  readonly maxParameters: number;
  /** How many of them a statement made by this layer has at most. */
  readonly chunkParameters: number;
  readonly supportsReturning: boolean;
  /**
   * A statement with one parameter, the table's name, that returns `name` and `is_told` of each column: 1 when the key of
   * a row inserted without it can be learnt, or the insert fails by itself. Where there is RETURNING, `is_counted`
   * is 1 when the connection tells it as well, which is faster.
   */
  readonly toldKeys: string;
  /**
   * Where an upsert updates the row that collides on any unique key: how to learn a table's keys. null elsewhere.
   */
  readonly tableKeys: TableKeyQueries | null;
  /**
   * Where a comparison turns text into a number, so that `"2abc"` would find the row 2: a statement with one parameter, the
   * table's name, that returns `name` and `kind` (number, text or other) of each column. null elsewhere.
   */
  readonly keyKinds: string | null;
  readonly migrations: MigrationSupport;
  /** What a pool has where nothing else is said. */
  readonly poolDefaults: PoolOptions;
  /** A statement whose only row ends in the cipher of the connection, empty or NULL without one; null: there is no server. */
  readonly cipher: string | null;
  /** Whether DDL can be rolled back. */
  readonly supportsTransactionalDdl: boolean;
  /** The type of a column that holds an instant to the millisecond. */
  readonly instantType: string;
  /** The statements that begin a transaction, in order. @throws DatabaseError `unsupported` for a level that there isn't */
  beginTransaction(options: Pick<TransactionOptions, "isolation" | "readOnly">): readonly string[];
  /** The head of an INSERT without any column, e.g. `DEFAULT VALUES`. */
  readonly insertDefaults: string;
  /** The tail that turns an INSERT into an upsert; `updates` are quoted column names, none for "leave the row". */
  upsertClause(conflict: readonly string[], updates: readonly string[]): string;
}
