/** What a server's own catalogue says of a schema, in words that are the same for every database. */

/** What a column is for, whatever the database calls its type. */
export type Meaning =
  | "uuid"
  /** Compared exactly: case, accents and blanks at its end count. */
  | "text"
  | "boolean"
  | "integer"
  | "bigint"
  | "float"
  /** In UTC, with milliseconds. */
  | "instant"
  | "day"
  | "json";

export interface Column {
  readonly name: string;
  readonly meaning: Meaning;
  readonly isNullable: boolean;
  readonly hasDefault: boolean;
  /** Made by the database of other columns, and stored. */
  readonly isGenerated: boolean;
}

export interface ForeignKey {
  readonly columns: readonly string[];
  readonly table: string;
  readonly referenced: readonly string[];
  /** What becomes of it when the row that it refers to is to be deleted. */
  readonly onDelete: string;
}

export interface Table {
  readonly columns: readonly Column[];
  readonly primaryKey: readonly string[];
  /** The columns of each unique key, the primary one left out. */
  readonly uniqueKeys: readonly (readonly string[])[];
  readonly foreignKeys: readonly ForeignKey[];
  /** The columns that each CHECK names. */
  readonly checks: readonly (readonly string[])[];
  /** The columns of each index that is not unique, by its name. */
  readonly indexes: Readonly<Record<string, readonly string[]>>;
}

export interface View {
  readonly columns: readonly string[];
  readonly definition: string;
}

export interface Catalogue {
  readonly tables: Readonly<Record<string, Table>>;
  readonly views: Readonly<Record<string, View>>;
  /** Triggers, sequences, functions: all that is neither a table nor a view nor a part of one. */
  readonly others: readonly string[];
}

/** Whether a table is one that the runner of migrations makes for itself. */
export const isOfRunner = (table: string): boolean => table.startsWith("tb_schema_migration");

/** `refused`, which MariaDB calls RESTRICT and the others NO ACTION; else what the database says. */
export function ruleOf(rule: string | undefined): string {
  return rule === "RESTRICT" || rule === "NO ACTION" ? "refused" : String(rule);
}

/** @throws for a type that no column of the ledger should have */
export function meaningOf(types: Readonly<Record<string, Meaning>>, type: string, column: string): Meaning {
  const meaning = types[type];
  if (meaning === undefined) throw new Error(`${column} has the type ${type}, which means nothing to the ledger`);
  return meaning;
}

/** The columns that a condition names, in the order of their names. */
export function columnsIn(condition: string, columns: readonly Pick<Column, "name">[]): string[] {
  const words = new Set(condition.replaceAll(/\\?'[^']*'/g, "").match(/\w+/g));
  return columns
    .map(({ name }) => name)
    .filter((name) => words.has(name))
    .sort();
}

/** Lists of columns in an order of their own, since no database keeps one. */
export function sorted<T>(list: readonly T[]): T[] {
  return list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** Groups rows that a catalogue has one for each column of a thing. */
export function grouped<R extends object>(rows: readonly R[], key: keyof R): Map<string, R[]> {
  const groups = new Map<string, R[]>();
  for (const row of rows) {
    const name = String(row[key]);
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return groups;
}
