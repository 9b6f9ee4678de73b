import type { BlockingConnection, BlockingSource } from "../blocking.ts";
import { DatabaseError } from "../errors.ts";
import type { PoolMetrics } from "../pool-types.ts";

interface Idle {
  readonly connection: BlockingConnection;
  readonly since: number;
}

/**
 * Connections on the caller's own thread. Nobody can wait for one, since whoever has it would have to give it back on
 * the same thread: when all are in use that is said at once. Without timers: what has idled for too long or is too old
 * goes at the next use.
 */
export class BlockingPool {
  readonly #source: BlockingSource;
  readonly #held = new Map<BlockingConnection, string>();
  readonly #idle: Idle[] = [];
  readonly #expiry = new WeakMap<BlockingConnection, number>();
  #acquiredTotal = 0;
  #openedTotal = 0;
  #closedTotal = 0;
  #timeoutsTotal = 0;

  constructor(source: BlockingSource) {
    this.#source = source;
  }

  /** Opens the minimum of connections, at least one. @throws what opening throws */
  fill(): void {
    const { min, max } = this.#source.options;
    while (this.#size < Math.min(Math.max(1, min), max))
      this.#idle.push({ connection: this.#open(), since: performance.now() });
  }

  /** @throws DatabaseError `acquire_timeout` when all are in use; whatever opening one throws */
  acquire(purpose: string): BlockingConnection {
    this.#prune();
    const connection = this.#idle.pop()?.connection ?? this.#openAnother();
    this.#held.set(connection, purpose);
    this.#acquiredTotal++;
    return connection;
  }

  /** Gives a connection back, fit for its next user, or ended if it can't be. Never throws: the caller's own error stands. */
  release(connection: BlockingConnection): void {
    if (!this.#held.delete(connection)) return; // the pool was closed under its user
    try {
      connection.reset();
      if (connection.isUsable && !this.#isExpired(connection)) {
        this.#idle.push({ connection, since: performance.now() });
        this.#prune();
        return;
      }
    } catch {
      // It is of no use to anybody.
    }
    this.#close(connection);
  }

  /** Closes every connection, also those in use. */
  close(): void {
    for (const connection of [...this.#held.keys(), ...this.#idle.map((idle) => idle.connection)]) {
      try {
        connection.reset();
      } catch {
        // Closing it rolls back as well.
      }
      this.#close(connection);
    }
    this.#held.clear();
    this.#idle.length = 0;
  }

  metrics(): PoolMetrics {
    const { min, max } = this.#source.options;
    const [active, idle] = [this.#held.size, this.#idle.length];
    return {
      totalConnections: active + idle,
      activeConnections: active,
      idleConnections: idle,
      waitingRequests: 0,
      openingConnections: 0,
      closingConnections: 0,
      minConnections: min,
      maxConnections: max,
      utilization: active / max,
      isExhausted: idle === 0 && active >= max,
      acquiredTotal: this.#acquiredTotal,
      openedTotal: this.#openedTotal,
      closedTotal: this.#closedTotal,
      timeoutsTotal: this.#timeoutsTotal,
    };
  }

  get #size(): number {
    return this.#held.size + this.#idle.length;
  }

  #openAnother(): BlockingConnection {
    const { max } = this.#source.options;
    if (this.#size < max) return this.#open();
    this.#timeoutsTotal++;
    const holders = [...this.#held.values()].join(", ");
    throw new DatabaseError(
      "acquire_timeout",
      `No database connection is free: all ${max} are in use (${holders}), and none comes back while this call blocks the thread.`,
      { hint: "End the loops over stream() that are still open, or raise pool.max.", retryable: false },
    );
  }

  #open(): BlockingConnection {
    const connection = this.#source.open();
    this.#openedTotal++;
    const spread = 0.9 + Math.random() * 0.2;
    this.#expiry.set(connection, performance.now() + this.#source.options.maxLifetimeMs * spread);
    return connection;
  }

  #isExpired(connection: BlockingConnection): boolean {
    return performance.now() >= (this.#expiry.get(connection) ?? Number.POSITIVE_INFINITY);
  }

  /** Closes what has idled for too long, the longest first, down to the minimum, and what is too old. */
  #prune(): void {
    const { min, idleTimeoutMs } = this.#source.options;
    const now = performance.now();
    for (let oldest = this.#idle[0]; oldest !== undefined; oldest = this.#idle[0]) {
      const isSpare = this.#size > min && now - oldest.since >= idleTimeoutMs;
      if (!isSpare && !this.#isExpired(oldest.connection)) return;
      this.#idle.shift();
      this.#close(oldest.connection);
    }
  }

  #close(connection: BlockingConnection): void {
    this.#closedTotal++;
    try {
      connection.close();
    } catch {
      // One that fails to close is as gone as one that closed.
    }
  }
}
