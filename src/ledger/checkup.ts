import { constants, existsSync } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import {
  configuredAdapter,
  type DatabaseConfig,
  DatabaseError,
  DatabaseType,
  type FraiserDatabaseAdapter,
  maskUrl,
  type PoolMetrics,
  parseSqliteUrl,
  type Row,
} from "../db/index.ts";
import { databaseNow } from "./database-clock.ts";
import { filePermissions } from "./file-permissions.ts";
import { freeSpace, LITTLE_SPACE, spaceText } from "./free-space.ts";
import { databaseConfig, type LedgerPlace } from "./open.ts";
import { prepareSchema, schemaStatus } from "./schema.ts";

/** What one look at the database came to. */
export interface Check {
  readonly name: "connection" | "role" | "encryption" | "latency" | "schema" | "clock" | "permissions" | "space";
  /** `warning`: it works, but somebody should know; `unknown`: it could not be looked at. */
  readonly outcome: "ok" | "warning" | "failed" | "unknown";
  /** What was found, for people. */
  readonly text: string;
  /** What to do about it; null where nothing is to be done. */
  readonly hint: string | null;
}

/** What `fraisier db check` tells. */
export interface Checkup {
  readonly type: DatabaseType;
  /** Its password masked. */
  readonly url: string;
  /** Where the URL was said. */
  readonly origin: string;
  readonly serverVersion: string | null;
  readonly role: "primary" | "read_only" | null;
  /** The cipher; null without one. */
  readonly encryption: string | null;
  /** Milliseconds of a few probes; null when none was answered. */
  readonly latencyMs: { readonly min: number; readonly median: number; readonly max: number } | null;
  readonly pending: readonly string[];
  readonly applied: readonly string[];
  /** The database's clock minus that of this machine, in milliseconds. */
  readonly clockDifferenceMs: number | null;
  /** Free bytes where the file of an SQLite database is. */
  readonly freeBytes: number | null;
  readonly pool: PoolMetrics;
  readonly checks: readonly Check[];
  /** Why it can't be used; null when it can. */
  readonly error: Error | null;
}

const PROBES = 5;
const SLOW_MS = 250;
/** A clock that is off by more makes leases expire late or early, and histories hard to read. */
const TOLERATED_CLOCK_MS = 5000;

/**
 * Looks at the database without changing it.
 *
 * @param deadlineMs milliseconds for all of it
 * @throws DatabaseConfigError, LedgerSchemaError for what is wrong with the configuration; nothing else
 */
export async function checkDatabase(place: LedgerPlace, deadlineMs: number): Promise<Checkup> {
  const config = databaseConfig(place);
  const file = config.type === DatabaseType.SQLITE ? parseSqliteUrl(config.url, config.baseDirectory).path : null;
  const examination = new Examination(config, file, deadlineMs);
  try {
    return await examination.run();
  } finally {
    await examination.close();
  }
}

class Examination {
  readonly #config: DatabaseConfig;
  /** The file of an SQLite database. */
  readonly #file: string | null;
  readonly #deadline: number;
  readonly #adapter: FraiserDatabaseAdapter;
  readonly #checks: Check[] = [];

  constructor(config: DatabaseConfig, file: string | null, deadlineMs: number) {
    this.#config = config;
    this.#file = file;
    this.#deadline = performance.now() + deadlineMs;
    const { acquireTimeoutMs = deadlineMs } = config.options.pool;
    const pool = { ...config.options.pool, acquireTimeoutMs: Math.min(acquireTimeoutMs, deadlineMs) };
    this.#adapter = configuredAdapter({ ...config, options: { pool } }, { readOnly: true });
  }

  close(): Promise<void> {
    return this.#adapter.close();
  }

  async run(): Promise<Checkup> {
    const { type, url, origins } = this.#config;
    const { error, ...server } = await this.#connection();
    const isAnswering = error === null && server.serverVersion !== null;
    const look = <T>(work: () => Promise<T>) => (isAnswering ? work() : null);
    const latencyMs = await look(() => this.#latency());
    const encryption = await look(() => this.#encryption());
    const schema = await look(() => this.#schema());
    const clockDifferenceMs = await look(() => this.#clock());
    const unwritable = this.#file === null || error !== null ? null : this.#permissions(this.#file);
    const freeBytes = this.#file === null ? null : await this.#space(this.#file);
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
      error: error ?? schema?.error ?? unwritable,
    };
  }

  #note(name: Check["name"], outcome: Check["outcome"], text: string, hint: string | null = null): void {
    this.#checks.push({ name, outcome, text, hint });
  }

  async #connection(): Promise<Pick<Checkup, "serverVersion" | "role" | "error">> {
    if (this.#file !== null && !existsSync(this.#file)) {
      this.#note("connection", "ok", `${this.#file} is not there yet; the first command that writes makes it`);
      return { serverVersion: null, role: null, error: null };
    }
    try {
      await this.#within(this.#adapter.connect());
      const health = await this.#within(this.#adapter.checkHealth());
      if (health.error !== null) throw health.error;
      // A file is opened for reading here, whoever may write it.
      const role = this.#file === null ? health.role : (await isWritable(this.#file)) ? "primary" : "read_only";
      this.#note("connection", "ok", `${health.serverVersion} answers`);
      if (role === "primary") this.#note("role", "ok", "it can be written");
      else this.#note("role", "warning", "it can only be read: a replica, or not this user's to write", ROLE_HINT);
      return { serverVersion: health.serverVersion, role, error: null };
    } catch (error) {
      const { message, hint } = error as { message: string; hint?: string };
      this.#note("connection", "failed", message, hint ?? CONNECTION_HINTS[kindOf(error)] ?? null);
      return { serverVersion: null, role: null, error: error as Error };
    }
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
      const before = Date.now();
      const now = await this.#within(databaseNow(this.#adapter, this.#config.type));
      const difference = Math.round(now.getTime() - (before + Date.now()) / 2);
      const text = `${difference >= 0 ? "+" : ""}${difference} ms against this machine`;
      if (Math.abs(difference) <= TOLERATED_CLOCK_MS) this.#note("clock", "ok", text);
      else this.#note("clock", "warning", text, "Set the clocks of both machines by NTP.");
      return difference;
    } catch (error) {
      this.#note("clock", "unknown", (error as Error).message);
      return null;
    }
  }

  #permissions(file: string): Error | null {
    const { outcome, text, hint, error } = filePermissions(file);
    this.#note("permissions", outcome, text, hint);
    return error;
  }

  async #space(file: string): Promise<number | null> {
    try {
      const space = await freeSpace(dirname(file));
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
    return this.#adapter.executeQuery(sql, [], { timeoutMs: this.#remaining(), prepare: false });
  }

  /** @throws DatabaseError `statement_timeout` at the deadline */
  async #within<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const expire = () =>
        reject(new DatabaseError("statement_timeout", "The database did not answer in time.", { hint: LATENCY_HINT }));
      timer = setTimeout(expire, this.#remaining());
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

const LATENCY_HINT = "See whether the server is overloaded, and how far away it is.";
const ROLE_HINT = "Give the address of the primary, or permission to write.";
/** What to do where the error itself does not say it. */
const CONNECTION_HINTS: Readonly<Record<string, string>> = {
  connection_refused: "See whether the server runs, and whether host and port of the URL are right.",
  connection_lost: "See the server's log; it may be restarting.",
  authentication_failed:
    "Check user and password of the URL, and the server's rules for this address (pg_hba.conf, or the user's host).",
  tls_failed: "Check sslmode and sslrootcert of the URL, and the server's certificate.",
  too_many_connections: "Raise the server's limit, or lower FRAISIER_DB_POOL_MAX.",
  acquire_timeout: "See whether the server runs, and whether a firewall swallows the connection.",
  statement_timeout: "See whether the server hangs: its log, its disk, its memory.",
  undefined_table: "Create the database that the URL names.",
};

const kindOf = (error: unknown): string => (error as { kind?: string }).kind ?? "";
const milliseconds = (time: number): string => `${time < 10 ? time.toFixed(2) : Math.round(time)} ms`;

async function isWritable(file: string): Promise<boolean> {
  return access(file, constants.W_OK).then(
    () => true,
    () => false,
  );
}
