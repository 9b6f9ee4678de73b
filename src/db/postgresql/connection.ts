import type { Client } from "pg";
import { bounded, GRACE_MS, type Interruption, PING_TIMEOUT_MS } from "../bounded.ts";
import type { Bounds, Connection, RawResult, RunOptions } from "../connection.ts";
import { encodeEach } from "../encode.ts";
import { DatabaseError } from "../errors.ts";
import { commitOutcomeUnknown, connectError, lostError } from "../network-errors.ts";
import { type RowBuilder, rowBuilder } from "../row-builder.ts";
import type { ServerConnectionOptions } from "../server-adapter.ts";
import { describeServer } from "../server-url.ts";
import type { ParsedStatement } from "../sql/placeholders.ts";
import { requestCancel } from "./cancel.ts";
import { isServerError, translateServerError } from "./errors.ts";
import { Exchange, type ExchangeRequest, type ExchangeResult } from "./exchange.ts";
import { decoderFor, encodeValue, type PostgresValue } from "./types.ts";
import type { FieldDescription } from "./wire.ts";

interface ClientInternals {
  readonly processID: number;
  readonly secretKey: number;
  readonly connection: {
    readonly stream: { destroy(): void };
    /** The texts of the statements that the server has prepared, by their names. */
    readonly parsedStatements: Record<string, string>;
  };
  ref(): void;
  unref(): void;
  /** Calls `submit` of whatever has one. */
  query(submittable: Exchange): void;
}

/** The columns that a statement returns, and what makes rows of their values. */
interface Shape {
  readonly columns: readonly string[];
  readonly build: RowBuilder<string>;
}

/** A statement that the server keeps prepared. */
interface Prepared {
  readonly name: string;
  /** null: it returns no rows. undefined: that is to be asked when it runs. */
  shape: Shape | null | undefined;
}

/**
 * Statements with a plan, which the server refuses to run when they would return other columns than they were prepared
 * for ("cached plan must not change result type"): they are asked once. A FETCH has the columns of its cursor, whatever that is by now.
 */
const PLANNED_VERBS = new Set(["SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "MERGE"]);

/** How many prepared statements a connection keeps. */
const KEPT_STATEMENTS = 200;
/** How many rows a stream has in memory. */
const STREAM_BATCH = 500;

/** What every session is set to, so that values look the same everywhere. SET, since poolers refuse start-up options. */
const SESSION = `SET TIME ZONE 'UTC'; SET DateStyle TO 'ISO, YMD'; SET standard_conforming_strings TO on; SET bytea_output TO hex;
SET extra_float_digits TO 1; SET client_encoding TO 'UTF8'`;

/** One session with a PostgreSQL server, by `pg`. The only place that knows this driver. */
export class PostgresConnection implements Connection {
  readonly #client: Client;
  readonly #options: ServerConnectionOptions;
  readonly #kept = new Map<string, Prepared>();
  /** Behind a pooler no statement may be kept. */
  #isExclusive = true;
  #state: "open" | "doubtful" | "lost" | "closed" = "open";
  #names = 0;
  #isBusy = false;
  /** Those whose exchange comes next, in their order. */
  readonly #waiting: (() => void)[] = [];

  private constructor(client: Client, options: ServerConnectionOptions) {
    this.#client = client;
    this.#options = options;
    const lost = () => {
      if (this.#state === "closed" || this.#state === "lost") return;
      this.#state = "lost";
      options.onLost(this);
    };
    client.on("error", lost);
    client.on("end", lost);
  }

  /** @throws DatabaseError */
  static async open(options: ServerConnectionOptions): Promise<PostgresConnection> {
    const { location } = options;
    const { Client: ClientClass } = await loadDriver();
    const client = new ClientClass({
      host: location.socket ?? location.host ?? "127.0.0.1",
      port: location.port,
      ...(location.user !== null && { user: location.user }),
      database: location.database ?? location.user ?? undefined,
      password: options.password ?? location.password ?? undefined,
      ssl: location.tls ?? false,
      connectionTimeoutMillis: options.connectTimeoutMs,
      keepAlive: true,
      application_name: location.applicationName ?? "fraisier",
    });
    // Without a listener an error that comes after the failed connect would end the process.
    client.on("error", () => {});
    try {
      await client.connect();
    } catch (error) {
      client.end().catch(() => {}); // it never was connected
      throw isServerError(error)
        ? translateServerError(error, options.exposeValues)
        : connectError(error, describeServer(location));
    }
    const connection = new PostgresConnection(client, options);
    try {
      await connection.control(SESSION);
      await connection.#lookForPooler();
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  get inTransaction(): boolean {
    return this.#client.getTransactionStatus() !== "I";
  }

  readonly holdsData = false;

  get isExclusive(): boolean {
    return this.#isExclusive;
  }

  get isUsable(): boolean {
    return this.#state === "open" || this.#state === "doubtful";
  }

  run(statement: ParsedStatement, params: readonly unknown[], options: RunOptions): Promise<RawResult> {
    const values = encodeEach(params, encodeValue);
    if (options.signal === undefined && options.deadline === undefined)
      return this.#run(statement, values, options.keep);
    return bounded(() => this.#run(statement, values, options.keep), options, this.#interruption, this.#options.clock);
  }

  async *stream(
    statement: ParsedStatement,
    params: readonly unknown[],
    options: RunOptions,
  ): AsyncIterable<Record<string, unknown>[]> {
    const values = encodeEach(params, encodeValue);
    // A portal lives as long as its transaction; outside of one the stream has its own.
    const ownsTransaction = !this.inTransaction;
    const portal = `fraisier_stream_${++this.#names}`;
    if (ownsTransaction) await this.control("BEGIN", options);
    const batch = (request: ExchangeRequest) =>
      bounded(() => this.#exchange(() => request), options, this.#interruption, this.#options.clock);
    const fetch = { type: "fetch", portal, batchSize: STREAM_BATCH } as const;
    const start = {
      type: "statement",
      text: statement.sql,
      values,
      name: "",
      isPrepared: false,
      describes: true,
    } as const;
    let answer = await batch({ ...fetch, ...start });
    const { build } = shapeOf(answer.fields ?? []);
    let isFailing = false;
    try {
      for (;;) {
        if (answer.rows.length > 0) yield answer.rows.map(build);
        if (answer.tag !== null) break;
        isFailing = true; // a fetch that fails leaves nothing to be closed
        answer = await batch(fetch);
        isFailing = false;
      }
    } finally {
      if (!isFailing) {
        if (answer.tag === null) await this.#exchange(() => ({ type: "close", portal }));
        // Whoever takes no more rows has run the statement all the same: what it wrote stays.
        if (ownsTransaction) await this.commit(options);
      }
    }
  }

  async control(sql: string, options: Bounds = {}): Promise<void> {
    await bounded(() => this.#simple(sql), options, this.#interruption, this.#options.clock);
  }

  async commit(options: Bounds = {}): Promise<void> {
    if (!this.isUsable) throw this.#lost(null);
    try {
      const query = () => this.#simple("COMMIT");
      const tag = await bounded(query, options, this.#interruption, this.#options.clock);
      if (tag !== "ROLLBACK") return;
    } catch (error) {
      const isLost = !this.isUsable || (error instanceof DatabaseError && error.kind === "connection_lost");
      throw isLost ? commitOutcomeUnknown(error) : error;
    }
    // https://www.postgresql.org/docs/current/sql-commit.html: a failed transaction is rolled back without an error.
    throw new DatabaseError(
      "transaction_ended",
      "A statement of the transaction had failed, so PostgreSQL rolled it back instead of committing it.",
      { hint: "Throw the first error on, or run what may fail in tx.transaction()." },
    );
  }

  reset(): void | Promise<void> {
    // A late request to cancel could meet the next user's statement.
    if (this.#state === "doubtful") throw new Error("a statement was cancelled on this connection");
    if (this.inTransaction && this.#state === "open") return this.#rollback();
  }

  async ping(): Promise<void> {
    await this.control("SELECT 1", { deadline: this.#options.clock.monotonic() + PING_TIMEOUT_MS });
  }

  async close(): Promise<void> {
    const isAlive = this.isUsable;
    this.#state = "closed";
    if (!isAlive) return this.#destroy();
    this.#internals.ref();
    // A server that hangs does not end the connection by itself.
    const patience = this.#options.clock.startTimer(() => this.#destroy(), GRACE_MS);
    await this.#client.end();
    patience.cancel();
  }

  /** A server that does not answer must not hold up the caller for ever: without its connection it rolls back by itself. */
  async #rollback(): Promise<void> {
    const patience = this.#options.clock.startTimer(() => this.#destroy(), GRACE_MS);
    try {
      await this.control("ROLLBACK");
    } finally {
      patience.cancel();
    }
  }

  async #run(statement: ParsedStatement, values: readonly PostgresValue[], keep: boolean): Promise<RawResult> {
    const text = statement.sql;
    const prepared = keep && this.#isExclusive ? (this.#kept.get(text) ?? (await this.#keep(text))) : null;
    try {
      return await this.#runOnce(statement, values, prepared);
    } catch (error) {
      if (prepared === null || !isStalePlan(error)) throw error;
      this.#kept.delete(text);
      if (this.inTransaction) {
        // The transaction has failed with it; a new one meets a new plan.
        throw new DatabaseError("serialization_failure", error.message, { cause: error.cause });
      }
      await this.#deallocate(prepared);
      return this.#runOnce(statement, values, this.#kept.get(text) ?? (await this.#keep(text)));
    }
  }

  async #runOnce(
    { sql: text, verb }: ParsedStatement,
    values: readonly PostgresValue[],
    prepared: Prepared | null,
  ): Promise<RawResult> {
    const { fields, rows, tag } = await this.#exchange(() => ({
      type: "statement",
      text,
      values,
      name: prepared?.name ?? "",
      isPrepared: prepared !== null && this.#isPrepared(prepared),
      portal: "",
      batchSize: 0,
      describes: prepared?.shape === undefined,
    }));
    const shape = prepared?.shape ?? (fields && shapeOf(fields));
    if (prepared !== null && PLANNED_VERBS.has(verb)) prepared.shape = shape;
    return {
      rows: shape === null ? [] : rows.map(shape.build),
      columns: shape?.columns ?? [],
      affectedRows: shape === null ? countOf(tag) : 0,
      insertedId: null,
      insertedColumn: null,
    };
  }

  /** @returns the last command's tag */
  async #simple(text: string): Promise<string | null> {
    return (await this.#exchange(() => ({ type: "simple", text }))).tag;
  }

  /** One at a time: what is asked for is made when its turn comes, since the one before may have prepared the same text. */
  async #exchange(makeRequest: () => ExchangeRequest): Promise<ExchangeResult> {
    if (this.#isBusy) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#internals.ref();
    this.#isBusy = true;
    let request: ExchangeRequest | null = null;
    try {
      if (!this.isUsable) throw this.#lost(null);
      request = makeRequest();
      const exchange = new Exchange(request);
      this.#internals.query(exchange);
      return await exchange.result;
    } catch (error) {
      throw request === null ? error : this.#translated(error, request);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) {
        this.#isBusy = false;
        this.#internals.unref(); // an idle connection does not keep the process alive
      } else next();
    }
  }

  #translated(error: unknown, request: ExchangeRequest): DatabaseError {
    if (!isServerError(error)) return this.#lost(error);
    const failed = request.type === "statement" ? { sql: request.text, values: request.values } : undefined;
    const translated = translateServerError(error, this.#options.exposeValues, failed);
    // The server says so before it hangs up.
    if (translated.kind === "connection_lost" || error.severity === "FATAL") this.#drop();
    return translated;
  }

  /** Makes room for one more kept statement. */
  async #keep(text: string): Promise<Prepared> {
    if (this.#kept.size >= KEPT_STATEMENTS && !this.inTransaction) await this.#forgetOldest();
    const prepared: Prepared = { name: `fraisier_${++this.#names}`, shape: undefined };
    this.#kept.set(text, prepared);
    return prepared;
  }

  async #forgetOldest(): Promise<void> {
    const [oldest] = this.#kept;
    if (oldest === undefined) return;
    const [text, prepared] = oldest;
    this.#kept.delete(text);
    if (this.#isPrepared(prepared)) await this.#deallocate(prepared);
  }

  #isPrepared({ name }: Prepared): boolean {
    return Object.hasOwn(this.#internals.connection.parsedStatements, name);
  }

  async #deallocate({ name }: Prepared): Promise<void> {
    await this.#simple(`DEALLOCATE ${name}`);
    delete this.#internals.connection.parsedStatements[name];
  }

  /** Behind a pooler in transaction mode the backend is another one than the one that greeted. */
  async #lookForPooler(): Promise<void> {
    const { rows } = await this.#exchange(() => ({ type: "simple", text: "SELECT pg_backend_pid()" }));
    this.#isExclusive = Number(rows[0]?.[0]) === this.#identity.processId;
  }

  /** What `pg` has, and its types leave out. */
  get #internals(): ClientInternals {
    return this.#client as unknown as ClientInternals;
  }

  get #identity(): { processId: number; secretKey: number } {
    const { processID, secretKey } = this.#internals;
    return { processId: processID, secretKey };
  }

  get #interruption(): Interruption {
    return {
      cancel: () => {
        if (this.#state === "open") this.#state = "doubtful";
        return requestCancel(this.#options.location, this.#identity);
      },
      abandon: () => this.#destroy(),
    };
  }

  #drop(): void {
    if (this.#state !== "closed") this.#state = "lost";
    this.#destroy();
  }

  #destroy(): void {
    this.#internals.connection.stream.destroy();
  }

  #lost(error: unknown): DatabaseError {
    return lostError(error, describeServer(this.#options.location));
  }
}

async function loadDriver(): Promise<typeof import("pg").default> {
  try {
    return (await import("pg")).default;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new DatabaseError("unsupported", "The driver for PostgreSQL, the npm package pg, is not installed.", {
      hint: "Run: npm install pg",
    });
  }
}

function shapeOf(fields: readonly FieldDescription[]): Shape {
  const columns = fields.map((field) => field.name);
  return {
    columns,
    build: rowBuilder(
      columns,
      fields.map((field) => decoderFor(field.dataTypeID)),
    ),
  };
}

/** `INSERT 0 3`, `UPDATE 3`: the number at the end; 0 for a command that counts nothing. */
function countOf(tag: string | null): number {
  return Number(/ (\d+)$/.exec(tag ?? "")?.[1] ?? 0);
}

/** "cached plan must not change result type": the statement was prepared before a change of the schema. */
function isStalePlan(error: unknown): error is DatabaseError {
  return (
    error instanceof DatabaseError && error.kind === "unsupported" && /cached plan must not change/.test(error.message)
  );
}
