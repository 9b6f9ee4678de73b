import type { PoolMetrics } from "../pool-types.ts";
import type { HealthStatus, KeyOptions, QueryResult, Row, StatementOptions, UpsertOptions } from "../types.ts";
import type { SyncTransactionOptions } from "./options.ts";

/** Where blocking statements run: on any connection, or on that of a transaction. */
export interface BlockingScope {
  executeQuery(query: string, params: readonly unknown[], options: StatementOptions): Row[];
  execute(query: string, params: readonly unknown[], options: StatementOptions): QueryResult;
  executeUpdate(query: string, params: readonly unknown[], options: StatementOptions): number;
  insert(table: string, data: Row, options: KeyOptions): string;
  insertMany(table: string, rows: readonly Row[], options: StatementOptions): number;
  upsert(table: string, data: Row, options: UpsertOptions): string;
  update(table: string, id: unknown, data: Row, options: KeyOptions): boolean;
  delete(table: string, id: unknown, options: KeyOptions): boolean;
  /** Rows in batches. What is left open is ended by `return`. */
  stream(query: string, params: readonly unknown[], options: StatementOptions): Iterator<Row[], undefined>;
  /** In a scope that is a transaction already it is a savepoint. */
  transaction<T>(work: (inner: BlockingScope) => T, options: SyncTransactionOptions): T;
}

/** A database as the wrapper reaches it. Made by the first call, gone after {@link close}. */
export interface BlockingBackend extends BlockingScope {
  connect(): void;
  /** Ends every stream and every connection. */
  close(): void;
  poolMetrics(): PoolMetrics;
  checkHealth(): HealthStatus;
}
