/** The older API calls rows by their internal keys, today's ledger by their public ids. */
import type { Queryable } from "../../db/index.ts";
import { UnknownKeyError } from "../errors.ts";

const TABLES = {
  deployment_not_found: { table: "tb_deployment", key: "pk_deployment" },
  webhook_not_found: { table: "tb_webhook_event", key: "pk_webhook_event" },
} as const;

/** The internal key of a row that was just written. */
export async function keyOf(database: Queryable, kind: keyof typeof TABLES, id: string): Promise<number> {
  const { table, key } = TABLES[kind];
  const [row] = await database.executeQuery<{ found: number }>(`SELECT ${key} AS found FROM ${table} WHERE id = ?`, [
    id,
  ]);
  if (row === undefined) throw new UnknownKeyError(kind, id);
  return row.found;
}

/** The public id of a row. @throws UnknownKeyError */
export async function idOf(database: Queryable, kind: keyof typeof TABLES, value: number): Promise<string> {
  const { table, key } = TABLES[kind];
  const [row] = isKey(value)
    ? await database.executeQuery<{ id: string }>(`SELECT id FROM ${table} WHERE ${key} = ?`, [value])
    : [];
  if (row === undefined) throw new UnknownKeyError(kind, value);
  return row.id;
}

/** Whether a row may have this key; another value would be an error on some databases only. */
export function isKey(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
