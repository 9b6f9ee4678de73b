import { DatabaseError, type Queryable, type Row } from "../db/index.ts";

/**
 * Inserts a row that another transaction may be inserting at this very moment. Then this transaction ends with a
 * retryable error, and finds the other's row when it is tried again.
 *
 * @returns the key of the row
 * @throws DatabaseError `serialization_failure`
 */
export async function insertOnce(tx: Queryable, table: string, row: Row, idColumn: string): Promise<string> {
  try {
    return await tx.insert(table, row, { idColumn });
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.kind !== "unique_violation") throw error;
    throw new DatabaseError("serialization_failure", error.message, { cause: error });
  }
}
