import type { Dialect } from "../dialect.ts";
import { DatabaseError } from "../errors.ts";
import type { Queryable } from "../types.ts";

/** A row of `tb_schema_migration`. */
export interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly applied_at: Date;
  readonly applied_by: string;
  readonly duration_ms: number;
}

const COLUMNS = "version, name, checksum, applied_at, applied_by, duration_ms";

/** The table that says which migrations are applied. */
export class History {
  readonly name: string;
  readonly #table: string;
  readonly #dialect: Dialect;

  constructor(name: string, dialect: Dialect) {
    this.name = name;
    this.#table = dialect.quoteIdentifier(name);
    this.#dialect = dialect;
  }

  /** Makes the table where it is missing. */
  async create(database: Queryable): Promise<void> {
    await database.executeQuery(
      `CREATE TABLE IF NOT EXISTS ${this.#table} (
        version BIGINT NOT NULL PRIMARY KEY,
        name VARCHAR(255) NOT NULL,
        checksum CHAR(64) NOT NULL,
        applied_at ${this.#dialect.instantType} NOT NULL,
        applied_by VARCHAR(255) NOT NULL,
        duration_ms BIGINT NOT NULL
      )`,
      [],
      { prepare: false },
    );
  }

  /** What is applied, in the order of the versions; nothing when the table is missing. */
  async read(database: Queryable): Promise<AppliedMigration[]> {
    try {
      return await database.executeQuery<AppliedMigration>(
        `SELECT ${COLUMNS} FROM ${this.#table} ORDER BY version`,
        [],
        { prepare: false },
      );
    } catch (error) {
      if (error instanceof DatabaseError && error.kind === "undefined_table") return [];
      throw error;
    }
  }

  async add(tx: Queryable, row: AppliedMigration): Promise<void> {
    await tx.insert(this.name, { ...row }, { idColumn: "version", prepare: false });
  }

  async remove(tx: Queryable, version: number): Promise<void> {
    await tx.delete(this.name, version, { idColumn: "version", prepare: false });
  }
}
