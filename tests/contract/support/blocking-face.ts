/** The blocking wrapper in the shape of the asynchronous adapter, so that the contract runs on it as it is. */
import {
  type AnyAdapterOptions,
  type FraiserDatabaseAdapter,
  SyncDatabaseWrapper,
  type SyncTransaction,
  type SyncTransactionOptions,
  type Transaction,
  type TransactionOptions,
} from "../../../src/db/index.ts";

/** The methods that only have to be made asynchronous. */
const QUERY_METHODS = [
  "executeQuery",
  "execute",
  "executeUpdate",
  "insert",
  "insertMany",
  "upsert",
  "update",
  "delete",
] as const;
const METHODS = [...QUERY_METHODS, "connect", "disconnect", "close", "healthCheck", "checkHealth"] as const;

type Blocking = SyncDatabaseWrapper | SyncTransaction;
type Method = (...args: unknown[]) => unknown;
type Work = (tx: Transaction) => Promise<unknown>;

export async function openBlocking(url: string, options: AnyAdapterOptions = {}): Promise<FraiserDatabaseAdapter> {
  const wrapper = new SyncDatabaseWrapper(url, options);
  const face = {
    ...methodsOf(wrapper, METHODS),
    databaseType: () => wrapper.databaseType(),
    poolMetrics: () => wrapper.poolMetrics(),
    get isConnected() {
      return wrapper.isConnected;
    },
    async transaction(work: Work, transactionOptions?: TransactionOptions) {
      const { promise, resolve, reject } = Promise.withResolvers();
      setImmediate(() => {
        try {
          const blocking = (tx: SyncTransaction) => finish(work, tx);
          resolve(wrapper.transaction(blocking, transactionOptions as SyncTransactionOptions));
        } catch (error) {
          reject(error);
        }
      });
      return promise;
    },
  };
  return face as unknown as FraiserDatabaseAdapter;
}

function methodsOf(blocking: Blocking, names: readonly string[]): object {
  const methods = blocking as unknown as Record<string, Method>;
  return {
    ...Object.fromEntries(
      names.map((name) => [name, async (...args: unknown[]) => (methods[name] as Method).apply(blocking, args)]),
    ),
    dialect: blocking.dialect,
    async *stream(...args: Parameters<Blocking["stream"]>) {
      yield* blocking.stream(...args);
    },
  };
}

/** Runs an asynchronous work to its end at once: every promise that it waits for is one that the blocking methods have kept. */
function finish(work: Work, tx: SyncTransaction): unknown {
  const savepoints: (() => void)[] = [];
  const face = {
    ...methodsOf(tx, QUERY_METHODS),
    get isActive() {
      return tx.isActive;
    },
    transaction(inner: Work) {
      const { promise, resolve, reject } = Promise.withResolvers();
      savepoints.push(() => {
        try {
          resolve(tx.transaction((nested) => finish(inner, nested)));
        } catch (error) {
          reject(error);
        }
      });
      return promise;
    },
  };
  let outcome: { readonly value: unknown } | { readonly error: unknown } | null = null;
  work(face as unknown as Transaction).then(
    (value) => {
      outcome = { value };
    },
    (error: unknown) => {
      outcome = { error };
    },
  );
  for (runMicrotasks(); outcome === null; runMicrotasks()) {
    const savepoint = savepoints.shift();
    if (savepoint === undefined) throw new Error("the work waits for something that a blocked thread never hears of");
    savepoint();
  }
  const ended = outcome as { readonly value?: unknown; readonly error?: unknown };
  if ("error" in ended) throw ended.error;
  return ended.value;
}

/** What Node does after every callback, here before its end. Without effect inside a microtask. */
function runMicrotasks(): void {
  (process as unknown as { _tickCallback(): void })._tickCallback();
}
