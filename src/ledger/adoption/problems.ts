import { LedgerSchemaError } from "../errors.ts";
import type { PythonTable } from "./shape.ts";

/** How many are told; whoever has more has a larger problem. */
const MOST_TOLD = 10;

/** What today's tables could not hold, row by row; values are told to nobody. */
export class Problems {
  readonly #told: string[] = [];
  #count = 0;

  add(table: PythonTable, key: number, what: string): void {
    if (++this.#count <= MOST_TOLD) this.#told.push(`${table}, row ${key}: ${what}`);
  }

  /** @throws LedgerSchemaError `schema_invalid_rows`, naming the tables and rows */
  assertNone(): void {
    if (this.#count === 0) return;
    const more = this.#count > MOST_TOLD ? `; and ${this.#count - MOST_TOLD} more` : "";
    throw new LedgerSchemaError(
      "schema_invalid_rows",
      `The Python Fraisier's database has rows that cannot be taken over: ${this.#told.join("; ")}${more}. It was left as it is.`,
      {
        hint: "Correct them, e.g. with the program sqlite3 (the number of a row is its pk_), then run it again: fraisier db migrate",
      },
    );
  }
}
