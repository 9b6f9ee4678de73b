import { existsSync } from "node:fs";
import { dirname } from "node:path";
import {
  configuredAdapter,
  type DatabaseConfig,
  DatabaseError,
  DatabaseType,
  type FraiserDatabaseAdapter,
  maskUrl,
  parseSqliteUrl,
  type Row,
  type SqliteLocation,
} from "../db/index.ts";
import { connectionHint, LATENCY_HINT, READ_ONLY_SERVER } from "./checkup-hints.ts";
import { type Check, type Checkup, type Surroundings, THIS_MACHINE } from "./checkup-model.ts";
import { databaseNow } from "./database-clock.ts";
import { openToOthers } from "./file-permissions.ts";
import { LITTLE_SPACE, spaceText } from "./free-space.ts";
import { databaseConfig, type LedgerPlace } from "./open.ts";
import { prepareSchema, schemaStatus } from "./schema.ts";
import { whyReadOnly } from "./sqlite-access.ts";

const PROBES = 5;
const SLOW_MS = 250;
/** A clock that is off by more makes leases expire late or early, and histories hard to read. */
const TOLERATED_CLOCK_MS = 5000;

/** How long what is left of the connections has to end in good order, when all the time is used up. */
const CLOSING_MS = 250;

/**
 * Looks at the database without changing it.
 *
 * @param deadlineMs milliseconds for all of it
 * @param surroundings for tests. Default: this machine
 * @throws DatabaseConfigError, LedgerSchemaError for what is wrong with the configuration; nothing else
 */
export async function checkDatabase(
  place: LedgerPlace,
  deadlineMs: number,
  surroundings: Surroundings = THIS_MACHINE,
): Promise<Checkup> {
  const config = databaseConfig(place);
  const file = config.type === DatabaseType.SQLITE ? parseSqliteUrl(config.url, config.baseDirectory) : null;
  const examination = new Examination(config, file, deadlineMs, surroundings);
  try {
    return await examination.run();
  } finally {
    await examination.close();
  }
}

class Examination {
  readonly #config: DatabaseConfig;
  /** The file of an SQLite database. */
  readonly #file: SqliteLocation | null;
  readonly #surroundings: Surroundings;
  readonly #deadline: number;
  readonly #adapter: FraiserDatabaseAdapter;
  readonly #checks: Check[] = [];

  constructor(config: DatabaseConfig, file: SqliteLocation | null, deadlineMs: number, surroundings: Surroundings) {
    this.#config = config;
    this.#file = file;
    this.#surroundings = surroundings;
    this.#deadline = performance.now() + deadlineMs;
    // The pool gives up first, since it knows what it waited for; some of the time goes into loading the driver.
    const { acquireTimeoutMs = deadlineMs } = config.options.pool;
    const pool = { ...config.options.pool, acquireTimeoutMs: Math.min(acquireTimeoutMs, 0.75 * deadlineMs) };
    this.#adapter = configuredAdapter({ ...config, options: { pool } }, { readOnly: true });
  }

  /** Waits no longer than the deadline allows for what hangs. */
  async close(): Promise<void> {
    await this.#within(this.#adapter.close(), CLOSING_MS).catch(() => {});
  }

  async run(): Promise<Checkup> {
    const { type, url, origins } = this.#config;
    const { error, ...server } = await this.#connection();
    const isAnswering = server.serverVersion !== null;
    const look = <T>(work: () => Promise<T>) => (isAnswering ? work() : null);
    const latencyMs = await look(() => this.#latency());
    const encryption = await look(() => this.#encryption());
    const schema = await look(() => this.#schema());
    const clockDifferenceMs = await look(() => this.#clock());
    if (this.#file !== null) this.#permissions(this.#file.path);
    const freeBytes = this.#file === null ? null : await this.#space(this.#file.path);
    return {
      type,
      url: maskUrl(url),
      origin: origins.url,
      ...server,
      latencyMs,
      encryption,
      applied: schema?.applied ?? [],
      pending: schema?.pending ?? [],
      clockDifferenceMs,
      freeBytes,
      pool: this.#adapter.poolMetrics(),
      checks: this.#checks,
      error: error ?? schema?.error ?? null,
    };
  }

  #note(name: Check["name"], outcome: Check["outcome"], text: string, hint: string | null = null): void {
    this.#checks.push({ name, outcome, text, hint });
  }

  async #connection(): Promise<Pick<Checkup, "serverVersion" | "role" | "error">> {
    if (this.#file !== null && !existsSync(this.#file.path)) {
      this.#note("connection", "ok", `${this.#file.path} is not there yet; the first command that writes makes it`);
      return { serverVersion: null, role: null, error: this.#readOnly(await whyReadOnly(this.#file)) };
    }
    try {
      await this.#within(this.#adapter.connect());
      const health = await this.#within(this.#adapter.checkHealth());
      if (health.error !== null) throw health.error;
      this.#note("connection", "ok", `${health.serverVersion} answers`);
      // A file is opened for reading here, whoever may write it.
      const ofServer = health.role === "read_only" ? READ_ONLY_SERVER : null;
      const error = this.#readOnly(this.#file === null ? ofServer : await whyReadOnly(this.#file));
      if (error === null) this.#note("role", "ok", "it can be written");
      return { serverVersion: health.serverVersion, role: error === null ? "primary" : "read_only", error };
    } catch (error) {
      this.#note("connection", "failed", (error as Error).message, connectionHint(error as DatabaseError));
      return { serverVersion: null, role: null, error: error as Error };
    }
  }

  /** A deployment would fail: nothing can be remembered. */
  #readOnly(reason: { readonly why: string; readonly hint: string } | null): DatabaseError | null {
    if (reason === null) return null;
    const { why, hint } = reason;
    this.#note("role", "failed", `it can only be read: ${why}`, hint);
    return new DatabaseError("read_only", `The database can only be read: ${why}.`, { hint });
  }

  async #latency(): Promise<Checkup["latencyMs"]> {
    const times: number[] = [];
    try {
      for (let probe = 0; probe < PROBES; probe++) {
        const started = performance.now();
        await this.#ask("SELECT 1 AS one");
        times.push(performance.now() - started);
      }
    } catch (error) {
      this.#note("latency", "unknown", (error as Error).message);
    }
    const [min] = times.sort((a, b) => a - b);
    const [median, max] = [times[times.length >> 1], times.at(-1)];
    if (min === undefined || median === undefined || max === undefined) return null;
    const text = `${milliseconds(median)} at the median of ${times.length} probes, ${milliseconds(min)} to ${milliseconds(max)}`;
    this.#note("latency", median < SLOW_MS ? "ok" : "warning", text, median < SLOW_MS ? null : LATENCY_HINT);
    return { min, median, max };
  }

  async #encryption(): Promise<string | null> {
    const { cipher } = this.#adapter.dialect;
    if (cipher === null) return null;
    try {
      const [row] = await this.#ask(cipher);
      const found = String(Object.values(row ?? {}).at(-1) ?? "") || null;
      if (found === null)
        this.#note("encryption", "ok", "none: add sslmode=verify-full to the URL where others share the network");
      else this.#note("encryption", "ok", found);
      return found;
    } catch (error) {
      this.#note("encryption", "unknown", (error as Error).message);
      return null;
    }
  }

  async #schema(): Promise<{ applied: string[]; pending: string[]; error: Error | null } | null> {
    const failed = (error: unknown) => {
      const { message, hint = null } = error as { message: string; hint?: string };
      this.#note("schema", "failed", message, hint);
      return error as Error;
    };
    try {
      const status = await this.#within(schemaStatus(this.#adapter));
      const applied = status.applied.map(({ name }) => name);
      const pending = status.pending.map(({ name }) => name);
      try {
        const isUsable = await this.#within(prepareSchema(this.#adapter, "read"));
        this.#note(
          "schema",
          "ok",
          isUsable ? `up to date: ${applied.at(-1)}` : "empty; the first command that writes sets it up",
        );
        return { applied, pending, error: null };
      } catch (error) {
        return { applied, pending, error: failed(error) };
      }
    } catch (error) {
      return { applied: [], pending: [], error: failed(error) };
    }
  }

  async #clock(): Promise<number | null> {
    if (this.#file !== null) return null; // it is this machine's own
    try {
      const { clock } = this.#surroundings;
      const before = clock.now();
      const now = await this.#within(databaseNow(this.#adapter, this.#config.type));
      const difference = Math.round(now.getTime() - (before + clock.now()) / 2);
      const text = `${difference >= 0 ? "+" : ""}${difference} ms against this machine`;
      if (Math.abs(difference) <= TOLERATED_CLOCK_MS) this.#note("clock", "ok", text);
      else this.#note("clock", "warning", text, "Set the clocks of both machines by NTP.");
      return difference;
    } catch (error) {
      this.#note("clock", "unknown", (error as Error).message);
      return null;
    }
  }

  #permissions(file: string): void {
    const open = openToOthers(file);
    if (open.length === 0) this.#note("permissions", "ok", "closed to others");
    else {
      const hint = `Close them: chmod 600 ${open.join(" ")}`;
      this.#note("permissions", "warning", `others may read or write ${open.join(", ")}`, hint);
    }
  }

  async #space(file: string): Promise<number | null> {
    try {
      const space = await this.#surroundings.freeSpace(dirname(file));
      const { bytes, folder } = space;
      if (bytes >= LITTLE_SPACE) this.#note("space", "ok", spaceText(space));
      else this.#note("space", "warning", spaceText(space), `Make room in ${folder}: a full disk stops deployments.`);
      return bytes;
    } catch (error) {
      this.#note("space", "unknown", (error as Error).message);
      return null;
    }
  }

  #ask(sql: string): Promise<Row[]> {
    return this.#within(this.#adapter.executeQuery(sql, [], { timeoutMs: this.#remaining(), prepare: false }));
  }

  /** @throws DatabaseError `statement_timeout` at the deadline */
  async #within<T>(work: Promise<T>, leastMs = 1): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const expire = () =>
        reject(new DatabaseError("statement_timeout", "The database did not answer in time.", { hint: LATENCY_HINT }));
      timer = setTimeout(expire, Math.max(leastMs, this.#remaining()));
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #remaining(): number {
    return Math.max(1, this.#deadline - performance.now());
  }
}

const milliseconds = (time: number): string => `${time < 10 ? time.toFixed(2) : Math.round(time)} ms`;
