/** Queries of many rows, made of a small table. */
import type { AnyAdapterOptions, FraiserDatabaseAdapter, PoolMetrics } from "../../../src/db/index.ts";
import type { ColumnTypes, Open } from "./databases.ts";
import { eventually } from "./expect.ts";

/** Ten to the power of this many rows, by as many digits: every database can do that. */
export const numbers = (digits: number): string => {
  const factors = Array.from({ length: digits }, (_, i) => `digit d${i}`).join(", ");
  const value = Array.from({ length: digits }, (_, i) => `${10 ** i} * d${i}.n`).join(" + ");
  return `SELECT ${value} AS n, d0.filler FROM ${factors}`;
};
/** Of these each row has one kilobyte. */
export const FILLER: string = "é".repeat(512);
export const TWENTY_THOUSAND: string = `${numbers(4)} UNION ALL ${numbers(4)}`;

/** An adapter of a database with the table that these queries are made of. */
export async function withDigits(
  open: Open,
  types: ColumnTypes,
  options?: AnyAdapterOptions,
): Promise<FraiserDatabaseAdapter> {
  const adapter = await open(options);
  await adapter.executeQuery(`CREATE TABLE digit (n ${types.integer}, filler ${types.text})`);
  await adapter.insertMany(
    "digit",
    Array.from({ length: 10 }, (_, n) => ({ n, filler: FILLER })),
  );
  return adapter;
}

/** Waits until every connection has come back. */
export const isFree = (adapter: FraiserDatabaseAdapter): Promise<PoolMetrics> =>
  eventually(
    () => adapter.poolMetrics(),
    ({ activeConnections, closingConnections }) => activeConnections + closingConnections === 0,
  );
