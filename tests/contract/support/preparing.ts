/** What a database itself makes of a statement when it prepares it, by way of the drivers alone. */
import { DatabaseSync } from "node:sqlite";
import { DatabaseType } from "../../../src/db/index.ts";
import type { ContractDatabase } from "./databases.ts";

export type Preparation =
  /** It is one statement, with so many parameters. */
  | { readonly kind: "accepted"; readonly count: number }
  /** Its parameters are not numbered without gaps. */
  | { readonly kind: "gap" }
  /** It has parameters that are not the driver's: with a name, or a number where the others have none. */
  | { readonly kind: "foreign" }
  | { readonly kind: "refused"; readonly message: string };

export interface Preparer extends AsyncDisposable {
  prepare(sql: string): Promise<Preparation>;
}

/** A connection to an empty database that prepares statements. Only SQLite's are also run, to learn what can be bound. */
export async function openPreparer(
  database: ContractDatabase,
  onEnd: (work: () => void | Promise<void>) => void,
): Promise<Preparer> {
  if (database.type === DatabaseType.SQLITE) return new SqlitePreparer();
  const url = await database.createUrl(onEnd);
  return await (database.type === DatabaseType.POSTGRESQL ? PostgresPreparer.open(url) : MysqlPreparer.open(url));
}

const refused = (error: unknown): Preparation => ({ kind: "refused", message: (error as Error).message });

/** SQLITE_RANGE: there is no such parameter. */
const OUT_OF_RANGE = 25;

class SqlitePreparer implements Preparer {
  readonly #database = new DatabaseSync(":memory:");

  async prepare(sql: string): Promise<Preparation> {
    try {
      const statement = this.#database.prepare(sql);
      // SQLite takes the first statement and leaves the rest.
      if (statement.sourceSQL !== sql) return { kind: "refused", message: "not the whole text is one statement" };
      statement.setAllowBareNamedParameters(false);
      const takes = (bind: () => unknown): boolean => {
        try {
          bind();
          return true;
        } catch (error) {
          const { code, errcode } = error as { code: string; errcode?: number };
          return code !== "ERR_INVALID_STATE" && errcode !== OUT_OF_RANGE; // else it was bound and failed later
        }
      };
      const named = sql.match(/\?\d+|[$@:#][\w$:\u0080-\uffff]+(\([^\s)]*\))?/g) ?? [];
      if (named.some((name) => takes(() => statement.get({ [name]: null })))) return { kind: "foreign" };
      const values: null[] = [];
      while (takes(() => statement.get(...values, null))) values.push(null);
      return { kind: "accepted", count: values.length };
    } catch (error) {
      return refused(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database.close();
  }
}

/** The part of `pg`'s connection that is needed to have a statement parsed. */
interface Wire {
  parse(message: { name: string; text: string }): void;
  describe(message: { type: "S"; name: string }): void;
  sync(): void;
  on(event: "parameterDescription", listener: (message: { dataTypeIDs: readonly number[] }) => void): void;
}

/** indeterminate_datatype: of a parameter whose number is skipped. */
const INDETERMINATE = "42P18";

class PostgresPreparer implements Preparer {
  readonly #client: { query(query: unknown): unknown; end(): Promise<void> };
  /** What the server has told last. */
  #count = 0;

  private constructor(client: { query(query: unknown): unknown; end(): Promise<void> }, wire: Wire) {
    this.#client = client;
    wire.on("parameterDescription", ({ dataTypeIDs }) => {
      this.#count = dataTypeIDs.length;
    });
  }

  static async open(url: string): Promise<PostgresPreparer> {
    const { Client } = await import("pg");
    const client = new Client({ connectionString: url });
    await client.connect();
    return new PostgresPreparer(client, (client as unknown as { connection: Wire }).connection);
  }

  /** Parse and Describe, no Bind and no Execute. */
  async prepare(sql: string): Promise<Preparation> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#client.query({
      submit(wire: Wire) {
        wire.parse({ name: "", text: sql });
        wire.describe({ type: "S", name: "" });
        wire.sync();
        return null;
      },
      handleRowDescription() {},
      handleReadyForQuery: () => resolve(),
      handleError: reject,
    });
    try {
      await promise;
      return { kind: "accepted", count: this.#count };
    } catch (error) {
      return (error as { code?: string }).code === INDETERMINATE ? { kind: "gap" } : refused(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end();
  }
}

interface MysqlDriver {
  prepare(sql: string, done: (error: unknown, statement: { readonly parameters: readonly unknown[] }) => void): void;
  unprepare(sql: string): unknown;
  end(done: () => void): void;
}

class MysqlPreparer implements Preparer {
  readonly #driver: MysqlDriver;

  private constructor(driver: MysqlDriver) {
    this.#driver = driver;
  }

  static async open(url: string): Promise<MysqlPreparer> {
    const { createConnection } = await import("mysql2");
    const driver = createConnection({ uri: url, charset: "utf8mb4" });
    await new Promise((resolve, reject) => driver.once("connect", resolve).once("error", reject));
    return new MysqlPreparer(driver as unknown as MysqlDriver);
  }

  async prepare(sql: string): Promise<Preparation> {
    return await new Promise((resolve) => {
      this.#driver.prepare(sql, (error, statement) => {
        if (error) return resolve(refused(error));
        this.#driver.unprepare(sql);
        resolve({ kind: "accepted", count: statement.parameters.length });
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#driver.end(resolve));
  }
}
