import type { FraiserDatabaseAdapter } from "../adapter.ts";
import type { Transaction } from "../transaction.ts";
import type { QueryResult, Row } from "../types.ts";
import { ADAPTER_SCOPE, type Answer, type QueryMethod, type Request, unpackArguments } from "./protocol.ts";
import { ServedTransaction } from "./served-transaction.ts";
import { packError } from "./transferable-errors.ts";
import { packRows } from "./transferable-values.ts";

/** How many rows of a stream are sent at a time, and about how many characters and bytes. */
const BATCH_ROWS = 500;
const BATCH_SIZE = 4_000_000;

interface ServedStream {
  readonly rows: AsyncIterator<Row>;
  /** What it failed with, after rows that are to come first. */
  failure?: { readonly error: unknown };
}

/** Answers the questions of a wrapper with an adapter of its own. */
export class ServedAdapter {
  readonly #adapter: FraiserDatabaseAdapter;
  readonly #scopes = new Map<number, FraiserDatabaseAdapter | Transaction>();
  readonly #transactions = new Map<number, ServedTransaction>();
  readonly #streams = new Map<number, ServedStream>();
  #lastNumber: number = ADAPTER_SCOPE;

  constructor(adapter: FraiserDatabaseAdapter) {
    this.#adapter = adapter;
    this.#scopes.set(ADAPTER_SCOPE, adapter);
  }

  /** Never throws: what goes wrong is an answer too. */
  async answer(request: Request): Promise<Answer> {
    try {
      return await this.#answer(request);
    } catch (error) {
      return { say: "failed", error: packError(error) };
    }
  }

  async #answer(request: Request): Promise<Answer> {
    switch (request.ask) {
      case "connect":
        await this.#adapter.connect();
        return { say: "done" };
      case "close":
        await this.#close();
        return { say: "done" };
      case "metrics":
        return { say: "metrics", metrics: this.#adapter.poolMetrics() };
      case "health": {
        const { error, ...status } = await this.#adapter.checkHealth();
        return { say: "health", status, error: error && packError(error) };
      }
      case "call":
        return this.#call(this.#scope(request.scope), request.method, request.args);
      case "stream": {
        const [query, params, options] = unpackArguments("executeQuery", [
          request.query,
          request.params,
          request.options,
        ]) as Parameters<FraiserDatabaseAdapter["stream"]>;
        const rows = this.#scope(request.scope).stream(query, params, options)[Symbol.asyncIterator]();
        this.#streams.set(++this.#lastNumber, { rows });
        return { say: "stream", stream: this.#lastNumber };
      }
      case "next":
        return this.#nextBatch(request.stream);
      case "return":
        await this.#streams.get(request.stream)?.rows.return?.();
        this.#streams.delete(request.stream);
        return { say: "done" };
      case "begin": {
        const transaction = new ServedTransaction((tx) => {
          this.#scopes.set(++this.#lastNumber, tx);
          this.#transactions.set(this.#lastNumber, transaction);
          return this.#lastNumber;
        });
        return transaction.begin(this.#scope(request.scope), request.options);
      }
      case "end": {
        const transaction = this.#transactions.get(request.scope);
        this.#scopes.delete(request.scope);
        this.#transactions.delete(request.scope);
        if (transaction === undefined) throw new Error(`there is no transaction ${request.scope}`);
        return transaction.end(request.error);
      }
    }
  }

  async #call(
    scope: FraiserDatabaseAdapter | Transaction,
    method: QueryMethod,
    args: readonly unknown[],
  ): Promise<Answer> {
    const call = scope[method] as (...args: unknown[]) => Promise<unknown>;
    const value = await call.apply(scope, unpackArguments(method, args));
    if (method === "executeQuery") return { say: "rows", rows: packRows(value as Row[]), rest: null };
    if (method !== "execute") return { say: "value", value };
    const { rows, ...rest } = value as QueryResult;
    return { say: "rows", rows: packRows(rows), rest };
  }

  async #nextBatch(number: number): Promise<Answer> {
    const stream = this.#streams.get(number);
    if (stream === undefined) throw new Error(`there is no stream ${number}`);
    if (stream.failure !== undefined) {
      this.#streams.delete(number);
      throw stream.failure.error;
    }
    const batch: Row[] = [];
    for (let size = 0; batch.length < BATCH_ROWS && size < BATCH_SIZE; ) {
      try {
        const next = await stream.rows.next();
        if (next.done) {
          this.#streams.delete(number);
          return { say: "batch", rows: packRows(batch), isLast: true };
        }
        batch.push(next.value);
        size += sizeOf(next.value);
      } catch (error) {
        stream.failure = { error };
        if (batch.length === 0) return this.#nextBatch(number);
        break;
      }
    }
    return { say: "batch", rows: packRows(batch), isLast: false };
  }

  #scope(number: number): FraiserDatabaseAdapter | Transaction {
    const scope = this.#scopes.get(number);
    if (scope === undefined) throw new Error(`there is no transaction ${number}`);
    return scope;
  }

  /** Whoever reads a stream is the one who waits for the end, so they would never end by themselves. */
  async #close(): Promise<void> {
    const ending = [...this.#streams.values()].map(async ({ rows }) => rows.return?.());
    await Promise.allSettled(ending);
    await this.#adapter.close();
  }
}

function sizeOf(row: Row): number {
  let size = 0;
  for (const value of Object.values(row)) {
    if (typeof value === "string") size += value.length;
    else if (ArrayBuffer.isView(value)) size += value.byteLength;
  }
  return size;
}
