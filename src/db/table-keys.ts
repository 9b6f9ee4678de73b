import type { Dialect } from "./dialect.ts";
import { DatabaseError } from "./errors.ts";
import type { Row } from "./types.ts";

/** How the key of a new row is learnt: the statement returns it, or the connection knows what it counted up to. */
export type KeySource = "returned" | "counted";

/**
 * How the key in this column can be learnt when a row is inserted without it; null when it can't. `columns` answer
 * {@link Dialect.toldKeys}.
 */
export function sourceOfKey(columns: readonly Row[], dialect: Dialect, column: string): KeySource | null {
  const otherwise = dialect.supportsReturning ? "returned" : "counted";
  const wanted = column.toLowerCase(); // the only one that is meant, or the statement itself says better
  const found = columns.filter((each) => String(each.name).toLowerCase() === wanted);
  // A column that is not listed may be one that every table has, such as `rowid`, and RETURNING then tells it.
  if (found.length === 0) return dialect.supportsReturning ? "returned" : null;
  if (!found.every((each) => isTrue(each.is_told))) return null;
  return found.every((each) => isTrue(each.is_counted)) ? "counted" : otherwise;
}

/**
 * Makes sure that an upsert of `data` can only meet the row that has the same values in `conflict`; `answers` are
 * those to the dialect's {@link TableKeyQueries}.
 *
 * @throws DatabaseError `unsupported` when `conflict` is no unique key, or another one could match
 */
export function assertOnlyConflict(
  answers: { readonly columns: readonly Row[]; readonly keys: readonly Row[] },
  table: string,
  data: Row,
  conflict: readonly string[],
): void {
  const { columns } = answers;
  const filledIn = new Set(
    columns
      .filter((column) => isTrue(column.has_default) && !isTrue(column.is_generated))
      .map((column) => String(column.name).toLowerCase()),
  );
  // Where this is asked the names of columns are the same in capitals.
  const isGiven = new Map(Object.entries(data).map(([column, value]) => [column.toLowerCase(), value !== null]));
  const wanted = conflict.map((column) => column.toLowerCase());
  const keys = Map.groupBy(answers.keys, (row) => String(row.key_name));
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

/** What a comparison with a column is a comparison of. */
export type KeyKind = "number" | "text" | "other";

/** How a row is inserted whose key the database makes. */
export interface InsertPlan {
  readonly columns: readonly string[];
  readonly idColumn: string;
  readonly source: KeySource;
  readonly text: string;
}

/** Of so many tables at most the way to insert is kept. */
const KEPT_PLANS = 500;

/** What is known of the tables' keys, so that each is asked for once; by table and column. */
export class KnownKeys {
  /** The last one of each table, since to make one can take as long as to run it. */
  readonly #plans = new Map<string, InsertPlan>();

  /** How the key of a new row is learnt, for the columns of which it can be. */
  readonly sources: Map<string, KeySource> = new Map();
  readonly kinds: Map<string, KeyKind> = new Map();

  planFor(table: string, idColumn: string, columns: readonly string[]): InsertPlan | undefined {
    const plan = this.#plans.get(table);
    if (plan === undefined || plan.idColumn !== idColumn || plan.columns.length !== columns.length) return undefined;
    return plan.columns.every((column, i) => column === columns[i]) ? plan : undefined;
  }

  keepPlan(table: string, plan: InsertPlan): void {
    if (this.#plans.size >= KEPT_PLANS) this.#plans.clear();
    this.#plans.set(table, plan);
  }

  /** A table has become another one: whatever is known of keys may be wrong. */
  forget(): void {
    this.sources.clear();
    this.kinds.clear();
    this.#plans.clear();
  }
}

/** The kind of a column; `columns` answer {@link Dialect.keyKinds}. undefined when there is no such column. */
export function kindOf(columns: readonly Row[], column: string): KeyKind | undefined {
  return columns.find((each) => String(each.name).toLowerCase() === column.toLowerCase())?.kind as KeyKind | undefined;
}

/**
 * A key as it is to be compared with a column of this kind, where the server would compare text with a number by what the
 * text begins with. A text that is no number is the key of no row, as NULL is.
 */
export function comparableKey(id: unknown, kind: KeyKind | undefined): unknown {
  if (kind === "text") {
    if (typeof id === "number" || typeof id === "bigint") return String(id);
    return typeof id === "boolean" ? String(Number(id)) : id;
  }
  if (kind !== "number" || typeof id !== "string" || !id.isWellFormed()) return id;
  if (/^-?\d+$/.test(id)) return BigInt(id);
  return /^-?\d+\.\d+$/.test(id) ? id : null;
}

const isTrue = (value: unknown): boolean => Number(value) === 1;
