import type { TableKeyQueries } from "./dialect.ts";
import { DatabaseError } from "./errors.ts";
import type { Row } from "./types.ts";

/** Runs a query and returns its rows. */
type Query = (text: string, params: readonly unknown[]) => Promise<Row[]>;

/** Whether the server counts this column up by itself, so that the key of a new row can be learnt. */
export async function isCountedUp(
  query: Query,
  queries: TableKeyQueries,
  table: string,
  column: string,
): Promise<boolean> {
  const columns = await query(queries.columns, [table]);
  return columns.some((found) => found.name === column && isTrue(found.is_generated));
}

/**
 * Makes sure that an upsert of `data` can only meet the row that has the same values in `conflict`.
 *
 * @throws DatabaseError `unsupported` when `conflict` is no unique key, or another one could match
 */
export async function assertOnlyConflict(
  query: Query,
  queries: TableKeyQueries,
  table: string,
  data: Row,
  conflict: readonly string[],
): Promise<void> {
  const columns = await query(queries.columns, [table]);
  if (columns.length === 0) return; // no such table, which the statement itself says better
  const filledIn = new Set(
    columns
      .filter((column) => isTrue(column.has_default) && !isTrue(column.is_generated))
      .map((column) => String(column.name).toLowerCase()),
  );
  // Where this is asked the names of columns are the same in capitals.
  const isGiven = new Map(Object.entries(data).map(([column, value]) => [column.toLowerCase(), value !== null]));
  const wanted = conflict.map((column) => column.toLowerCase());
  const keys = Map.groupBy(await query(queries.uniqueKeys, [table]), (row) => String(row.key_name));
  let hasConflictKey = false;
  for (const [name, rows] of keys) {
    const names = rows.map((row) => (row.column_name as string | null)?.toLowerCase() ?? null);
    if (names.length === conflict.length && names.every((column) => wanted.includes(column ?? ""))) {
      hasConflictKey = true;
      continue;
    }
    const couldMatch = names.every((column) => column === null || (isGiven.get(column) ?? filledIn.has(column)));
    if (couldMatch) {
      throw new DatabaseError(
        "unsupported",
        `An upsert into "${table}" by (${conflict.join(", ")}) could meet another row by its unique key "${name}", which this database would then change.`,
        { table, hint: "Leave that key's columns out of the data, or use insert and update in a transaction." },
      );
    }
  }
  if (!hasConflictKey) {
    throw new DatabaseError("unsupported", `"${table}" has no unique key on (${conflict.join(", ")}).`, {
      table,
      hint: "Name in conflict exactly the columns of one unique key.",
    });
  }
}

const isTrue = (value: unknown): boolean => Number(value) === 1;
