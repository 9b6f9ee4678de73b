import type { FraiserDatabaseAdapter, Row } from "../../../src/db/index.ts";
import { uuid7 } from "../../../src/ledger/index.ts";
import type { Catalogue, Column, Table } from "./model.ts";

/** What a text is that cannot be any text. */
const WORDS: Readonly<Record<string, string>> = { status: "pending", stream: "stdout" };

const AT = new Date("2026-03-29T00:59:59.987Z");

/** Writes rows that have no more than they must, made up from what a catalogue says. */
export class Rows {
  readonly #adapter: FraiserDatabaseAdapter;
  readonly #catalogue: Catalogue;
  /** Makes each row another one. */
  #count = 0;

  constructor(adapter: FraiserDatabaseAdapter, catalogue: Catalogue) {
    this.#adapter = adapter;
    this.#catalogue = catalogue;
  }

  /** Writes a row, with what it refers to; `given` goes before what is made up. @returns its internal key */
  async insert(table: string, given: Row = {}): Promise<string> {
    const { columns, foreignKeys } = this.#table(table);
    const row: Record<string, unknown> = { ...given };
    this.#count++;
    for (const column of columns) {
      const { name, isNullable, hasDefault } = column;
      if (name in given || isNullable || hasDefault || name === keyOf(table)) continue;
      const parent = foreignKeys.find((key) => key.columns[0] === name)?.table;
      row[name] = parent === undefined ? this.#valueOf(column) : await this.insert(parent);
    }
    return this.#adapter.insert(table, row, { idColumn: keyOf(table) });
  }

  async read(table: string, key: string): Promise<Row> {
    const [row] = await this.#adapter.executeQuery<Row>(`SELECT * FROM ${table} WHERE ${keyOf(table)} = ?`, [key]);
    if (row === undefined) throw new Error(`there is no such row in ${table}`);
    return row;
  }

  #table(name: string): Table {
    const table = this.#catalogue.tables[name];
    if (table === undefined) throw new Error(`there is no table ${name}`);
    return table;
  }

  #valueOf({ name, meaning }: Column): unknown {
    switch (meaning) {
      case "uuid":
        return uuid7(Date.now());
      case "text":
        return WORDS[name] ?? `${name} ${this.#count}`;
      case "boolean":
        return true;
      case "integer":
      case "bigint":
        return this.#count;
      case "float":
        return 0.5;
      case "instant":
        return AT;
      case "day":
        return "2026-03-29";
      case "json":
        return { count: this.#count };
      default:
        return meaning satisfies never;
    }
  }
}

/** The column of a table's internal key. */
export const keyOf = (table: string): string => `pk_${table.slice("tb_".length)}`;
