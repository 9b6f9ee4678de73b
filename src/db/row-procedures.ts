import type { RawResult } from "./connection.ts";
import type { Dialect } from "./dialect.ts";
import { DatabaseError } from "./errors.ts";
import {
  type BuiltStatement,
  buildDelete,
  buildInsert,
  buildInsertMany,
  buildSelect,
  buildUpdate,
  buildUpsert,
  insertText,
} from "./sql/build.ts";
import {
  assertOnlyConflict,
  comparableKey,
  type InsertPlan,
  type KeySource,
  type KnownKeys,
  kindOf,
  sourceOfKey,
} from "./table-keys.ts";
import type { KeyOptions, Row, UpsertOptions } from "./types.ts";

/** What a procedure wants done before it goes on: a statement, or other steps so that all of them happen or none. */
export type Step = { readonly statement: BuiltStatement } | { readonly atomically: Procedure<void> };

/**
 * A method that takes several statements, without saying how they are waited for: whoever drives it gives the result
 * of each step back, asynchronously or not. What its caller gave is looked at in its body alone, where a wrong value is
 * an error of the first step; a pattern among its parameters would throw at the call.
 */
export type Procedure<T> = Generator<Step, T, RawResult>;

/** What a procedure is given where there is nothing to give: to begin, and after other steps. */
export const NO_RESULT: RawResult = { rows: [], columns: [], affectedRows: 0, insertedId: null, insertedColumn: null };

/** What is known of the tables, and where it is kept. */
export interface Knowledge {
  readonly dialect: Dialect;
  readonly keys: KnownKeys;
}

/** Inserts one row. @returns its key, as text */
export function* insertRow(knowledge: Knowledge, table: string, data: Row, options: KeyOptions): Procedure<string> {
  const { dialect } = knowledge;
  const idColumn = options.idColumn ?? "id";
  const given = givenKey(data, idColumn);
  if (given !== undefined && given !== null) {
    const key = keyText(given, table, idColumn); // fails, if it does, before anything is written
    yield { statement: buildInsert(dialect, table, data, null) };
    return key;
  }
  const rest = given === null ? without(data, idColumn) : data;
  const columns = Object.keys(rest);
  const plan =
    knowledge.keys.planFor(table, idColumn, columns) ?? (yield* planInsert(knowledge, table, idColumn, columns));
  const { rows, insertedId, insertedColumn } = yield { statement: { text: plan.text, params: Object.values(rest) } };
  if (plan.source === "returned") return keyText(Object.values(rows[0] ?? {})[0], table, idColumn);
  if (insertedId === null) throw keyUnknown(table, idColumn);
  if (insertedColumn === null || insertedColumn.toLowerCase() === idColumn.toLowerCase()) return insertedId;
  // The table has become another one since it was asked for.
  knowledge.keys.forget();
  const found = buildSelect(dialect, table, idColumn, { [insertedColumn]: insertedId }, [insertedColumn]);
  const [row] = yield* query(found.text, found.params);
  return keyText(Object.values(row ?? {})[0], table, idColumn);
}

/** @throws DatabaseError `unsupported` when the key of a new row can't be learnt */
function* planInsert(
  knowledge: Knowledge,
  table: string,
  idColumn: string,
  columns: readonly string[],
): Procedure<InsertPlan> {
  const { dialect, keys } = knowledge;
  dialect.quoteIdentifier(table); // a name that can't be one is said first
  const source = yield* keySource(knowledge, table, idColumn);
  if (source === null) {
    // A table that does not exist says so itself.
    yield* query(`SELECT 1 FROM ${dialect.quoteIdentifier(table)} WHERE 1 = 0`, []);
    throw keyUnknown(table, idColumn);
  }
  const text = insertText(dialect, table, columns, source === "returned" ? idColumn : null);
  const plan: InsertPlan = { columns, idColumn, source, text };
  keys.keepPlan(table, plan);
  return plan;
}

/** Inserts many rows, which all have the same columns. @returns how many there are now more */
export function* insertRows({ dialect }: Knowledge, table: string, rows: readonly Row[]): Procedure<number> {
  if (rows.length === 0) return 0;
  const statements = buildInsertMany(dialect, table, rows);
  const [only] = statements;
  if (only && statements.length === 1) return (yield { statement: only }).affectedRows;
  let count = 0;
  yield { atomically: insertEach() };
  return count;

  function* insertEach(): Procedure<void> {
    for (const statement of statements) count += (yield { statement }).affectedRows;
  }
}

/** Inserts one row, or updates the one that has the same values in the columns `conflict`. @returns its key, as text */
export function* upsertRow(knowledge: Knowledge, table: string, data: Row, options: UpsertOptions): Procedure<string> {
  const { dialect } = knowledge;
  const { supportsReturning, tableKeys } = dialect;
  const idColumn = options.idColumn ?? "id";
  const built = buildUpsert(dialect, table, data, options.conflict, supportsReturning ? idColumn : null);
  const given = givenKey(data, idColumn);
  let key = "";
  if (tableKeys === null) {
    const isKnown = (given ?? null) !== null || (yield* keySource(knowledge, table, idColumn)) !== null;
    // Else it depends on the row: one that was there may have a key, a new one has none.
    if (isKnown) yield* putReturning();
    else yield { atomically: putReturning() };
    return key;
  }
  const queries = tableKeys;
  yield { atomically: putAlone() };
  return key;

  function* putReturning(): Procedure<void> {
    const { rows } = yield { statement: built };
    key = keyText(Object.values(rows[0] ?? {})[0], table, idColumn);
  }

  function* putAlone(): Procedure<void> {
    const columns = yield* query(queries.columns, [table]);
    // Without columns there is no such table, which the statement itself says better.
    if (columns.length > 0) {
      const keys = yield* query(queries.uniqueKeys, [table]);
      assertOnlyConflict({ columns, keys }, table, data, options.conflict);
    }
    const { insertedId } = yield { statement: built };
    // Also a key that was given: the row that was there may have it in other letters.
    const found = buildSelect(dialect, table, idColumn, data, options.conflict);
    const [row] = yield* query(found.text, found.params);
    // Without a row one of the conflict's values is NULL, which collides with nothing: the row is a new one.
    key = keyText(row === undefined ? (given ?? insertedId) : Object.values(row)[0], table, idColumn);
  }
}

/** Changes the row with this key. @returns false only when there is no such row */
export function* updateRow(
  knowledge: Knowledge,
  table: string,
  id: unknown,
  data: Row,
  options: KeyOptions,
): Procedure<boolean> {
  const { idColumn = "id" } = options;
  const key = yield* keyToFind(knowledge, table, idColumn, id);
  const statement = buildUpdate(knowledge.dialect, table, idColumn, key, data);
  const { rows, affectedRows } = yield { statement };
  return rows.length > 0 || affectedRows > 0;
}

/** Deletes the row with this key. @returns false only when there was no such row */
export function* deleteRow(knowledge: Knowledge, table: string, id: unknown, options: KeyOptions): Procedure<boolean> {
  const { idColumn = "id" } = options;
  const key = yield* keyToFind(knowledge, table, idColumn, id);
  const { affectedRows } = yield { statement: buildDelete(knowledge.dialect, table, idColumn, key) };
  return affectedRows > 0;
}

function* query(text: string, params: readonly unknown[]): Procedure<Row[]> {
  return (yield { statement: { text, params } }).rows;
}

/** The key by which a row is to be found. */
function* keyToFind({ dialect, keys }: Knowledge, table: string, idColumn: string, id: unknown): Procedure<unknown> {
  if (dialect.keyKinds === null || id === undefined) return id; // undefined is refused as a value
  const known = `${table}\0${idColumn}`;
  if (!keys.kinds.has(known)) {
    const kind = kindOf(yield* query(dialect.keyKinds, [table]), idColumn);
    if (kind === undefined) return id; // the statement itself says that there is no such column
    keys.kinds.set(known, kind);
  }
  return comparableKey(id, keys.kinds.get(known));
}

/** Asked once for each table and column: what changes later shows in the insert itself. */
function* keySource({ dialect, keys }: Knowledge, table: string, idColumn: string): Procedure<KeySource | null> {
  const known = `${table}\0${idColumn}`;
  const kept = keys.sources.get(known);
  if (kept !== undefined) return kept;
  const source = sourceOfKey(yield* query(dialect.toldKeys, [table]), dialect, idColumn);
  if (source !== null) keys.sources.set(known, source);
  return source;
}

/** The key in the data itself: every object has a `constructor`. */
function givenKey(data: Row, idColumn: string): unknown {
  return Object.hasOwn(data, idColumn) ? data[idColumn] : undefined;
}

function without(data: Row, column: string): Row {
  return Object.fromEntries(Object.entries(data).filter(([name]) => name !== column));
}

function keyUnknown(table: string, idColumn: string): DatabaseError {
  return new DatabaseError("unsupported", `This database cannot tell the "${idColumn}" that it makes for a row.`, {
    table,
    hint: `Give data["${idColumn}"] yourself, or let the database count the column up.`,
  });
}

function keyText(key: unknown, table: string, idColumn: string): string {
  if (typeof key === "string") return key;
  if (typeof key === "bigint" || Number.isInteger(key)) return String(key);
  throw new DatabaseError("unsupported", `The key "${idColumn}" of "${table}" is neither text nor an integer.`, {
    table,
  });
}
