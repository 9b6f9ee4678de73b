import type { LexicalRules } from "./sql/lexical-rules.ts";
import type { DatabaseType, TransactionOptions } from "./types.ts";

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
  /** The most parameters that one statement can have. */
  readonly maxParameters: number;
  readonly supportsReturning: boolean;
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
