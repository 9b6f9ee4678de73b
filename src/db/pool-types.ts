/** How many connections a pool holds and how long things may take. All times in milliseconds. */
export interface PoolOptions {
  /** Connections opened by connect() and kept however idle. */
  readonly min: number;
  /** Connections at most, opening and closing ones included. */
  readonly max: number;
  /** How long a caller waits for a connection. Default 10 000. */
  readonly acquireTimeoutMs: number;
  /** After so long without use a connection above `min` is closed. Default 300 000. */
  readonly idleTimeoutMs: number;
  /** After so long (10 % more or less, so that they don't all go at once) a connection is replaced. Default 1 800 000. */
  readonly maxLifetimeMs: number;
}

/** The state of a pool, counted at this moment. `totalConnections = activeConnections + idleConnections`. */
export interface PoolMetrics {
  readonly totalConnections: number;
  readonly activeConnections: number;
  readonly idleConnections: number;
  readonly waitingRequests: number;
  readonly openingConnections: number;
  readonly closingConnections: number;
  readonly minConnections: number;
  readonly maxConnections: number;
  /** activeConnections / maxConnections, 0 to 1. */
  readonly utilization: number;
  /** Whether the next caller has to wait. */
  readonly isExhausted: boolean;
  /** Connections handed out since the pool was made. */
  readonly acquiredTotal: number;
  readonly openedTotal: number;
  readonly closedTotal: number;
  /** Calls that gave up waiting. */
  readonly timeoutsTotal: number;
}

/** How a pool makes, checks and ends its connections. */
export interface PoolDriver<C> {
  /** @param lost to be called once the connection is broken, whoever has it */
  open(lost: () => void): Promise<C>;
  close(connection: C): Promise<void>;
  /** Whether a connection that has idled for long still works. */
  validate(connection: C): Promise<boolean>;
}

/** What a caller waiting for a connection can be given. */
export interface AcquireOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  /** What the connection is for, named in the message of those who wait in vain. */
  readonly purpose?: string;
}

/** The numbers of two pools as those of one. */
export function sumMetrics(a: PoolMetrics, b: PoolMetrics): PoolMetrics {
  const sum = Object.fromEntries(
    Object.entries(a).map(([key, value]) => [
      key,
      typeof value === "number" ? value + (b[key as keyof PoolMetrics] as number) : value,
    ]),
  ) as unknown as PoolMetrics;
  return {
    ...sum,
    utilization: sum.activeConnections / sum.maxConnections,
    isExhausted: a.isExhausted || b.isExhausted,
  };
}
