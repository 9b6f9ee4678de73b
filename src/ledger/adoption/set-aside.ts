import type { Queryable } from "../../db/index.ts";
import { PYTHON_TABLES, PYTHON_VIEWS, type PythonTable } from "./shape.ts";

/** What a table is called until its rows are brought over. */
export const asideNameOf = (table: PythonTable): string => `python_${table}`;

/**
 * Lets tables be renamed and dropped in a later transaction of this session without anybody noticing: other tables,
 * views and triggers that name them mean today's of the same name afterwards. No transaction can hold these statements.
 */
export async function allowReplacing(session: { control(sql: string): Promise<void> }): Promise<void> {
  await session.control("PRAGMA foreign_keys = OFF");
  await session.control("PRAGMA legacy_alter_table = ON");
}

/** Makes room for today's tables and views. */
export async function setAside(tx: Queryable): Promise<void> {
  for (const view of PYTHON_VIEWS) await tx.executeQuery(`DROP VIEW IF EXISTS ${view}`, [], { prepare: false });
  for (const table of PYTHON_TABLES)
    await tx.executeQuery(`ALTER TABLE ${table} RENAME TO ${asideNameOf(table)}`, [], { prepare: false });
}

/** Goes on counting keys where the Python Fraisier stopped, also past rows that are gone. */
export async function continueKeys(tx: Queryable): Promise<void> {
  for (const table of PYTHON_TABLES)
    await tx.executeUpdate(
      "INSERT INTO sqlite_sequence (name, seq) SELECT ?, seq FROM sqlite_sequence WHERE name = ?",
      [table, asideNameOf(table)],
    );
}

/** Drops what was set aside, with its indexes. */
export async function dropAside(tx: Queryable): Promise<void> {
  for (const table of PYTHON_TABLES.toReversed())
    await tx.executeQuery(`DROP TABLE ${asideNameOf(table)}`, [], { prepare: false });
}
