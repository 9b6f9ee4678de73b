import type { Dialect } from "../dialect.ts";
import { isJson, jsonTextOf } from "../encode.ts";
import { DatabaseError } from "../errors.ts";
import type { Row } from "../types.ts";
import { JsonText } from "../values.ts";

/**
 * How many parameters a statement of many rows has when it has not as many as it may: lists of every length then come
 * down to few statements, which the server keeps prepared at half a kilobyte a parameter. Below the last it has them all.
 */
const FEWER_PARAMETERS = [32_000, 16_000, 8000, 4000, 2000];

/** A statement made for a caller who gave names and values. The text holds `?` for every value. */
export interface BuiltStatement {
  readonly text: string;
  readonly params: readonly unknown[];
}

/** How many characters a statement of many rows holds, about: MariaDB takes 16 MB at once when nothing else is set, PostgreSQL 1 GB. */
const CHUNK_LENGTH = 4_000_000;

const list = (dialect: Dialect, names: readonly string[]): string =>
  names.map((name) => dialect.quoteIdentifier(name)).join(", ");
const marks = (count: number): string => Array.from({ length: count }, () => "?").join(", ");
const returning = (dialect: Dialect, column: string | null): string =>
  column === null ? "" : ` RETURNING ${dialect.quoteIdentifier(column)}`;

/** INSERT of one row; `returningColumn` is what the statement answers with. */
export function buildInsert(
  dialect: Dialect,
  table: string,
  data: Row,
  returningColumn: string | null,
): BuiltStatement {
  return { text: insertText(dialect, table, Object.keys(data), returningColumn), params: Object.values(data) };
}

/** The text of an INSERT of one row. */
export function insertText(
  dialect: Dialect,
  table: string,
  columns: readonly string[],
  returningColumn: string | null,
): string {
  const head = `INSERT INTO ${dialect.quoteIdentifier(table)} `;
  const body =
    columns.length === 0 ? dialect.insertDefaults : `(${list(dialect, columns)}) VALUES (${marks(columns.length)})`;
  return head + body + returning(dialect, returningColumn);
}

/**
 * INSERTs of many rows, as few as the database's limits allow: of parameters, and of what it takes at once.
 *
 * @throws DatabaseError `parameter_mismatch` when the rows don't all have the same columns.
 */
export function buildInsertMany(dialect: Dialect, table: string, rows: readonly Row[]): BuiltStatement[] {
  const columns = Object.keys(rows[0] ?? {});
  if (columns.length === 0) {
    for (const [index, row] of rows.entries()) valuesOf(row, columns, table, index);
    return rows.map((row) => buildInsert(dialect, table, row, null));
  }
  const head = `INSERT INTO ${dialect.quoteIdentifier(table)} (${list(dialect, columns)}) VALUES `;
  const group = `(${marks(columns.length)})`;
  const statements: BuiltStatement[] = [];
  let params: unknown[] = [];
  let [count, length] = [0, 0];
  let most = rowsAtOnce(rows.length, columns.length, dialect);
  const flush = () => {
    if (count > 0) statements.push({ text: head + repeated(group, count), params });
    params = [];
    [count, length] = [0, 0];
  };
  for (let index = 0; index < rows.length; index++) {
    const values = valuesOf(rows[index] as Row, columns, table, index);
    const size = writeJson(values);
    if (count === most || length + size > CHUNK_LENGTH) {
      flush();
      most = rowsAtOnce(rows.length - index, columns.length, dialect);
    }
    for (let i = 0; i < values.length; i++) params.push(values[i]);
    count++;
    length += size;
  }
  flush();
  return statements;
}

const repeated = (group: string, count: number): string => `${`${group}, `.repeat(count - 1)}${group}`;

/** How many of so many rows the next statement takes. */
function rowsAtOnce(rows: number, columns: number, { chunkParameters }: Dialect): number {
  const fitting = (parameters: number) => Math.max(1, Math.floor(parameters / columns));
  if (rows >= fitting(chunkParameters)) return fitting(chunkParameters);
  const fewer = FEWER_PARAMETERS.find((parameters) => parameters <= rows * columns && parameters < chunkParameters);
  return fewer === undefined ? rows : fitting(fewer);
}

/** The values of a row in the order of `columns`, as a list of its own. @throws DatabaseError `parameter_mismatch` when it has others */
function valuesOf(row: Row, columns: readonly string[], table: string, index: number): unknown[] {
  const names = Object.keys(row);
  let same = 0;
  while (same < columns.length && names[same] === columns[same]) same++;
  if (same === columns.length && same === names.length) return Object.values(row);
  const odd = names.find((name) => !columns.includes(name)) ?? columns.find((column) => !Object.hasOwn(row, column));
  if (odd === undefined) return columns.map((column) => row[column]);
  throw new DatabaseError(
    "parameter_mismatch",
    `Row ${index} of insertMany has other columns than row 0: see column "${odd}".`,
    { table, hint: "Give every row the same columns, null where a value is missing." },
  );
}

/**
 * Puts text in the place of JSON, whose size has to be known: what can't be written stays, and is said when it is bound.
 *
 * @returns how much the values take on their way, about: a character is one byte to three
 */
function writeJson(values: unknown[]): number {
  let size = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === "string") size += value.length;
    else if (typeof value !== "object" || value === null || value instanceof Date) size += 8;
    else if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) size += value.byteLength;
    else if (isJson(value)) {
      const text = jsonTextOf(value);
      size += text?.length ?? 8;
      if (text !== null) values[i] = new JsonText(text);
    } else size += 8;
  }
  return size;
}

/** INSERT that updates the row it collides with on the key `conflict`. */
export function buildUpsert(
  dialect: Dialect,
  table: string,
  data: Row,
  conflict: readonly string[],
  returningColumn: string | null,
): BuiltStatement {
  const missing = conflict.find((column) => !Object.hasOwn(data, column));
  if (conflict.length === 0 || missing !== undefined) {
    throw new DatabaseError(
      "parameter_mismatch",
      missing
        ? `upsert needs a value for "${missing}", which its conflict names.`
        : "upsert needs the columns of a unique key in conflict.",
      { table },
    );
  }
  const updates = Object.keys(data).filter((column) => !conflict.includes(column));
  const insert = buildInsert(dialect, table, data, null);
  const quote = (names: readonly string[]) => names.map((name) => dialect.quoteIdentifier(name));
  return {
    text: `${insert.text} ${dialect.upsertClause(quote(conflict), quote(updates))}${returning(dialect, returningColumn)}`,
    params: insert.params,
  };
}

/** SELECT of one column of the row that has these values. */
export function buildSelect(
  dialect: Dialect,
  table: string,
  column: string,
  data: Row,
  where: readonly string[],
): BuiltStatement {
  const conditions = where.map((name) => `${dialect.quoteIdentifier(name)} = ?`).join(" AND ");
  return {
    text: `SELECT ${dialect.quoteIdentifier(column)} FROM ${dialect.quoteIdentifier(table)} WHERE ${conditions}`,
    params: where.map((name) => data[name]),
  };
}

/** UPDATE of the row with this key; with no data, a look whether the row exists. */
export function buildUpdate(dialect: Dialect, table: string, idColumn: string, id: unknown, data: Row): BuiltStatement {
  const columns = Object.keys(data);
  const where = `WHERE ${dialect.quoteIdentifier(idColumn)} = ?`;
  if (columns.length === 0) return { text: `SELECT 1 FROM ${dialect.quoteIdentifier(table)} ${where}`, params: [id] };
  const assignments = columns.map((column) => `${dialect.quoteIdentifier(column)} = ?`).join(", ");
  return {
    text: `UPDATE ${dialect.quoteIdentifier(table)} SET ${assignments} ${where}`,
    params: [...Object.values(data), id],
  };
}

/** DELETE of the row with this key. */
export function buildDelete(dialect: Dialect, table: string, idColumn: string, id: unknown): BuiltStatement {
  return {
    text: `DELETE FROM ${dialect.quoteIdentifier(table)} WHERE ${dialect.quoteIdentifier(idColumn)} = ?`,
    params: [id],
  };
}
