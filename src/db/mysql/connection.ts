import type { ConnectionOptions, Connection as Driver } from "mysql2";
import { bounded, GRACE_MS, type Interruption, PING_TIMEOUT_MS } from "../bounded.ts";
import type { Bounds, Connection, RawResult, RunOptions } from "../connection.ts";
import { encodeEach } from "../encode.ts";
import { DatabaseError, type DatabaseErrorKind } from "../errors.ts";
import { commitOutcomeUnknown, connectError, lostError } from "../network-errors.ts";
import type { FailedStatement } from "../repeated-values.ts";
import { rowBuilder } from "../row-builder.ts";
import type { ServerConnectionOptions } from "../server-adapter.ts";
import { describeServer, type ServerLocation } from "../server-url.ts";
import { type ParsedStatement, wrongCount } from "../sql/placeholders.ts";
import type { Row } from "../types.ts";
import { isHangingUp, isServerError, translateServerError } from "./errors.ts";
import { type ExecuteCommand, startPacked } from "./execute-packet.ts";
import { type Header, type RowCommand, RowReader } from "./reader.ts";
import { type RowParserClass, RowParsers, rowParser } from "./row-parser.ts";
import { type ColumnDescription, type DriverValue, decoderFor, encodeValue, type MysqlValue } from "./types.ts";

/** What the driver calls with the answer to a statement. */
type Answer = (error: unknown, result: unknown, fields: unknown) => void;

/** A prepared statement that runs, of which the driver asks what parses its rows. */
interface Execution extends ExecuteCommand {
  readonly sql: string;
  buildParserFromFields(columns: readonly ColumnDescription[]): RowParserClass;
}

/** How many prepared statements a connection keeps: the server allows 16 382 for all of them together. */
const KEPT_STATEMENTS = 200;

/** https://dev.mysql.com/doc/dev/mysql-server/latest/mysql__com_8h.html, SERVER_STATUS_IN_TRANS */
const IN_TRANSACTION = 1;

/** Not in the prepared protocol (error 1295): such statements go as text. */
const NOT_PREPARABLE = "ER_UNSUPPORTED_PS";
const NEEDS_PREPARING_ANEW = "ER_NEED_REPREPARE";

/**
 * After these the whole transaction may have been rolled back, and what follows would be kept by itself: always by a
 * deadlock, by a changed row with MariaDB's innodb_snapshot_isolation, by a lock that was waited for in vain with
 * innodb_rollback_on_timeout. https://dev.mysql.com/doc/refman/8.4/en/innodb-error-handling.html
 */
const MAY_END_TRANSACTION: ReadonlySet<DatabaseErrorKind> = new Set([
  "deadlock",
  "serialization_failure",
  "lock_timeout",
  "unknown",
]);

/** NO_AUTO_VALUE_ON_ZERO: a key of 0 is stored as 0, as every other one is. */
const SQL_MODE =
  "NO_AUTO_VALUE_ON_ZERO,ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/** What every session is set to, so that values look the same everywhere. */
const SESSION = `SET NAMES utf8mb4, time_zone = '+00:00', autocommit = 1, sql_mode = '${SQL_MODE}'`;

/** One session with a MySQL or MariaDB server, by `mysql2`. The only place that knows this driver. */
export class MysqlConnection implements Connection {
  readonly #driver: Driver;
  readonly #options: ServerConnectionOptions;
  readonly #readers = new Set<RowReader>();
  readonly #parsers = new RowParsers(KEPT_STATEMENTS);
  /** Statements that the prepared protocol refuses. */
  readonly #textOnly = new Set<string>();
  #inTransaction = false;
  /** Whether the next transaction has a level of its own, and has not begun yet. */
  #expectsTransaction = false;
  #isInterrupted = false;
  /** Answers that somebody waits for. */
  #awaited = 0;
  #state: "open" | "doubtful" | "lost" | "closed" = "open";

  private constructor(driver: Driver, options: ServerConnectionOptions) {
    this.#driver = driver;
    takeOver(driver, this.#parsers);
    this.#options = options;
    const lost = (error?: unknown) => {
      // The driver tells this to statements with a callback only, which streams are not.
      for (const reader of this.#readers) reader.end(error ?? new Error("the connection was closed"));
      if (this.#state === "closed" || this.#state === "lost") return;
      this.#state = "lost";
      options.onLost(this);
    };
    driver.on("error", lost);
    driver.on("end", () => lost());
    this.#stream.once("close", () => lost());
  }

  /** @throws DatabaseError */
  static async open(options: ServerConnectionOptions): Promise<MysqlConnection> {
    const { location, password } = options;
    const { createConnection } = await loadDriver();
    const driver = createConnection({
      ...(location.socket === null
        ? { host: location.host ?? "127.0.0.1", port: location.port }
        : { socketPath: location.socket }),
      ...(location.user !== null && { user: location.user }),
      ...(location.database !== null && { database: location.database }),
      password: (typeof password === "function" ? await password() : password) ?? location.password ?? "",
      ...(location.tls && { ssl: tlsOf(location.tls) }),
      connectTimeout: options.connectTimeoutMs,
      charset: "utf8mb4",
      flags: ["-LOCAL_FILES", "-IGNORE_SPACE", "-ODBC", "-CLIENT_QUERY_ATTRIBUTES"],
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      jsonStrings: true,
      maxPreparedStatements: KEPT_STATEMENTS,
    } as ConnectionOptions);
    await new Promise<void>((resolve, reject) => {
      // Without a listener an error that comes after the failed connect would end the process.
      driver.on("error", reject);
      driver.once("connect", () => resolve());
    }).catch((error) => {
      driver.destroy();
      throw isServerError(error)
        ? translateServerError(error, options.exposeValues, undefined, versionOf(driver))
        : connectError(error, describeServer(location));
    });
    const connection = new MysqlConnection(driver, options);
    try {
      await connection.control(SESSION);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  readonly isExclusive = true;
  readonly holdsData = false;

  get isUsable(): boolean {
    return this.#state === "open" || this.#state === "doubtful";
  }

  run(statement: ParsedStatement, params: readonly unknown[], options: RunOptions): Promise<RawResult> {
    const values = encodeEach(params, encodeValue);
    const run = () => this.#run(statement, values, options.keep);
    if (options.signal === undefined && options.deadline === undefined) return run();
    return bounded(run, options, this.#interruption, this.#options.clock);
  }

  async *stream(
    statement: ParsedStatement,
    params: readonly unknown[],
    options: RunOptions,
  ): AsyncIterable<Record<string, unknown>[]> {
    const values = encodeEach(params, encodeValue);
    this.#makeWay();
    if (statement.parameterCount === null) await this.#assertCount(statement.sql, values.length);
    const command = this.#driver.execute(statement.sql, values) as unknown as RowCommand & Execution;
    command.buildParserFromFields = rowParser;
    const reader = new RowReader(command, this.#driver as unknown as { pause(): void; resume(): void }, (header) =>
      this.#note(header),
    );
    this.#readers.add(reader);
    try {
      for (;;) {
        const next = () => this.#watched(reader.next(), { sql: statement.sql, values });
        const rows = await bounded(next, options, this.#interruption, this.#options.clock);
        if (rows === null) break;
        yield rows;
      }
    } finally {
      if (!reader.isOver) {
        await this.#interruption.cancel();
        await this.#watched(reader.drain());
      }
      this.#readers.delete(reader);
      this.#forget(statement.sql);
    }
  }

  async control(sql: string, options: Bounds = {}): Promise<void> {
    await bounded(() => this.#text(sql), options, this.#interruption, this.#options.clock);
    this.#expectsTransaction = sql.startsWith("SET TRANSACTION ");
  }

  async commit(options: Bounds = {}): Promise<void> {
    if (!this.isUsable) throw this.#lost(null);
    try {
      await this.control("COMMIT", options);
    } catch (error) {
      const isLost = !this.isUsable || (error instanceof DatabaseError && error.kind === "connection_lost");
      throw isLost ? commitOutcomeUnknown(error) : error;
    }
  }

  reset(): void | Promise<void> {
    if (this.#expectsTransaction)
      throw new Error("a level is set for the next transaction, which would be another one");
    // A late request to end a statement could meet the next user's.
    if (this.#state === "doubtful") throw new Error("a statement was ended on this connection");
    if (this.#inTransaction && this.#state === "open") return this.#rollback();
  }

  async ping(): Promise<void> {
    await this.control("SELECT 1", { deadline: this.#options.clock.monotonic() + PING_TIMEOUT_MS });
  }

  async close(): Promise<void> {
    const isAlive = this.isUsable;
    this.#state = "closed";
    if (!isAlive) return this.#destroy();
    this.#stream.ref();
    const closed = new Promise<void>((resolve) => this.#stream.once("close", () => resolve()));
    // A server that hangs does not end the connection by itself.
    const patience = this.#options.clock.startTimer(() => this.#destroy(), GRACE_MS);
    this.#driver.end();
    await closed;
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

  async #run({ sql, parameterCount }: ParsedStatement, values: MysqlValue[], keep: boolean): Promise<RawResult> {
    if (values.length === 0 && this.#textOnly.has(sql)) return this.#text(sql);
    try {
      if (parameterCount === null) await this.#assertCount(sql, values.length);
      return await this.#execute(sql, values);
    } catch (error) {
      const code = codeOf(error);
      if (code === NOT_PREPARABLE && values.length === 0) {
        this.#textOnly.add(sql);
        return await this.#text(sql);
      }
      if (code !== NEEDS_PREPARING_ANEW) throw error;
      this.#forget(sql);
      return await this.#execute(sql, values);
    } finally {
      if (!keep) this.#forget(sql);
    }
  }

  /** The server takes more values than a statement has placeholders, and MariaDB then the wrong ones. */
  async #assertCount(sql: string, given: number): Promise<void> {
    if (!this.isUsable) throw this.#lost(null);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#driver.prepare(sql, (error, statement) => {
      if (error) reject(error);
      else resolve((statement as unknown as { parameters: readonly unknown[] }).parameters.length);
    });
    const wanted = await this.#watched(promise);
    if (wanted !== given) throw wrongCount(wanted, given);
  }

  /** The next time it is prepared anew. */
  #forget(sql: string): void {
    if (this.isUsable) this.#driver.unprepare(sql);
    this.#parsers.forget(sql);
  }

  #execute(sql: string, values: MysqlValue[]): Promise<RawResult> {
    const start = (done: Answer) => {
      this.#driver.execute(sql, values, done);
    };
    return this.#answer(start, asTheyAre, { sql, values });
  }

  /** In the text protocol, for statements without parameters. */
  #text(sql: string): Promise<RawResult> {
    return this.#answer((done) => {
      this.#driver.query({ sql, rowsAsArray: true }, done);
    }, decodeRows);
  }

  #answer(start: (done: Answer) => void, toRows: ToRows, statement?: FailedStatement): Promise<RawResult> {
    if (!this.isUsable) return Promise.reject(this.#lost(null));
    this.#makeWay();
    this.#isInterrupted = false;
    this.#await();
    return new Promise((resolve, reject) => {
      let isOver = false;
      start((error, result, fields) => {
        if (isOver) return; // the driver may tell of a lost connection as well
        isOver = true;
        this.#awaitNoMore();
        if (error) {
          this.#translated(error, statement).then(reject, reject);
          return;
        }
        const answer = this.#resultOf(result, fields, toRows);
        // A query that was killed while it slept answers as if nothing had happened.
        if (this.#isInterrupted && answer.columns.length > 0)
          reject(new DatabaseError("cancelled", "The statement was cancelled."));
        else resolve(answer);
      });
    });
  }

  /** Of a CALL the last set of rows counts. */
  #resultOf(result: unknown, fields: unknown, toRows: ToRows): RawResult {
    const isSeveral = Array.isArray(fields) && (Array.isArray(fields[0]) || fields.includes(undefined));
    if (isSeveral) {
      const sets = (result as unknown[]).map((part, index) => ({ part, fields: fields[index] }));
      const header = sets.find((set) => set.fields === undefined)?.part as Header | undefined;
      if (header) this.#note(header);
      const last = sets.findLast((set) => set.fields !== undefined);
      return last === undefined ? withoutRows(header) : this.#resultOf(last.part, last.fields, toRows);
    }
    if (fields === undefined) {
      this.#note(result as Header);
      return withoutRows(result as Header);
    }
    const columns = fields as ColumnDescription[];
    return {
      rows: toRows(result as unknown[], columns),
      columns: columns.map((column) => column.name),
      affectedRows: 0,
      insertedId: null,
      insertedColumn: null,
    };
  }

  #note({ serverStatus }: Header): void {
    this.#inTransaction = (serverStatus & IN_TRANSACTION) !== 0;
  }

  /** Rows that a stream has not taken yet would keep other statements from being answered. */
  #makeWay(): void {
    for (const reader of this.#readers) reader.takeAll();
  }

  /** Keeps the process alive while `answer` is awaited, and translates its failure. */
  async #watched<T>(answer: Promise<T>, statement?: FailedStatement): Promise<T> {
    this.#await();
    try {
      return await answer;
    } catch (error) {
      throw await this.#translated(error, statement);
    } finally {
      this.#awaitNoMore();
    }
  }

  #await(): void {
    if (this.#awaited++ === 0) this.#stream.ref();
  }

  #awaitNoMore(): void {
    if (--this.#awaited === 0) this.#stream.unref(); // an idle connection does not keep the process alive
  }

  async #translated(error: unknown, statement: FailedStatement | undefined): Promise<DatabaseError> {
    if (!isServerError(error)) return this.#outOfStep(error);
    const translated = translateServerError(error, this.#options.exposeValues, statement, versionOf(this.#driver));
    if (isHangingUp(error)) this.#drop();
    else if (this.#inTransaction && MAY_END_TRANSACTION.has(translated.kind)) await this.#lookForTransaction();
    return translated;
  }

  /** After an error of its own the driver no longer knows what the server sends: the connection is of no more use. */
  #outOfStep(error: unknown): DatabaseError {
    this.#drop();
    return this.#lost(error);
  }

  get #stream(): { ref(): void; unref(): void; destroy(): void; once(event: "close", listener: () => void): void } {
    return (this.#driver as unknown as { stream: never }).stream;
  }

  get #interruption(): Interruption {
    return {
      cancel: async () => {
        if (this.#state === "open") this.#state = "doubtful";
        this.#isInterrupted = true;
        await this.#kill().catch(() => {}); // then the connection is broken after the grace period
      },
      abandon: () => this.#destroy(),
    };
  }

  /** MySQL has no other way than a second connection. */
  async #kill(): Promise<void> {
    const killer = await MysqlConnection.open({ ...this.#options, connectTimeoutMs: GRACE_MS, onLost: () => {} });
    try {
      await killer.control(`KILL QUERY ${this.#driver.threadId}`);
    } finally {
      await killer.close();
    }
  }

  /** An error does not tell whether the transaction is still open; the answer to any other statement does. */
  async #lookForTransaction(): Promise<void> {
    await this.#text("DO 0").catch(() => {}); // a connection that is lost is noticed as such
  }

  #drop(): void {
    if (this.#state !== "closed") this.#state = "lost";
    this.#destroy();
  }

  #destroy(): void {
    this.#stream.destroy();
  }

  #lost(error: unknown): DatabaseError {
    return lostError(error, describeServer(this.#options.location));
  }
}

/** What the server greeted with; empty before it did. */
function versionOf(driver: Driver): string {
  const { _handshakePacket: greeting } = driver as { _handshakePacket?: { serverVersion?: string } | null };
  return greeting?.serverVersion ?? "";
}

async function loadDriver(): Promise<typeof import("mysql2")> {
  try {
    return (await import("mysql2")).default as unknown as typeof import("mysql2");
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new DatabaseError(
      "unsupported",
      "The driver for MySQL and MariaDB, the npm package mysql2, is not installed.",
      {
        hint: "Run: npm install mysql2",
      },
    );
  }
}

/**
 * A statement that is prepared already starts within the driver's `execute`: before that is the only time to change how.
 * Functions that each command had of its own would keep it, with its rows, until the next full collection of garbage.
 */
function takeOver(driver: Driver, parsers: RowParsers): void {
  function buildParserFromFields(this: Execution, columns: readonly ColumnDescription[]): RowParserClass {
    return parsers.of(this.sql, columns);
  }
  const queue = driver as unknown as { addCommand(command: object): object };
  const addCommand = queue.addCommand.bind(driver);
  queue.addCommand = (command) => {
    if ("parameters" in command) Object.assign(command, { start: startPacked, buildParserFromFields });
    return addCommand(command);
  };
}

/** `mysql2` checks the name only when it is told to. */
function tlsOf(tls: NonNullable<ServerLocation["tls"]>): Record<string, unknown> {
  return { ...tls, verifyIdentity: tls.checkServerIdentity === undefined && tls.rejectUnauthorized };
}

/** Turns what the driver hands out as rows into rows. */
type ToRows = (rows: readonly unknown[], columns: readonly ColumnDescription[]) => Row[];

/** In the prepared protocol they have been parsed by our own parser. */
const asTheyAre: ToRows = (rows) => rows as Row[];

const decodeRows: ToRows = (rows, columns) =>
  (rows as DriverValue[][]).map(
    rowBuilder<DriverValue>(
      columns.map((column) => column.name),
      columns.map(decoderFor),
    ),
  );

function withoutRows(header: Header | undefined): RawResult {
  const insertId = header?.insertId ?? 0;
  return {
    rows: [],
    columns: [],
    affectedRows: header?.affectedRows ?? 0,
    insertedId: String(insertId) === "0" ? null : String(insertId),
    insertedColumn: null,
  };
}

function codeOf(error: unknown): unknown {
  return ((error as { cause?: unknown }).cause as { code?: unknown } | undefined)?.code;
}
