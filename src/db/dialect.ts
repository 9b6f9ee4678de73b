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
  quoteIdentifier(name: string): string;
  /** The most parameters that one statement can have; beyond it the protocols lose count. */
  readonly maxParameters: number;
  /** How many of them a statement made by this layer has at most. */
  readonly chunkParameters: number;
  readonly supportsReturning: boolean;
  /**
   * Where an upsert updates the row that collides on any unique key, and the key of a row inserted is known only when it
   * counts up: how to learn a table's keys. null where neither is so.
   */
  readonly tableKeys: TableKeyQueries | null;
  /** Whether DDL can be rolled back. */
  readonly supportsTransactionalDdl: boolean;
  /** The type of a column that holds an instant to the millisecond. */
  readonly instantType: string;
  /** The statements that begin a transaction, in order. */
  beginTransaction(options: Pick<TransactionOptions, "isolation" | "readOnly">): readonly string[];
  /** The head of an INSERT without any column, e.g. `DEFAULT VALUES`. */
  readonly insertDefaults: string;
  /** The tail that turns an INSERT into an upsert; `updates` are quoted column names, none for "leave the row". */
  upsertClause(conflict: readonly string[], updates: readonly string[]): string;
}
