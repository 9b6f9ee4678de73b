import type { PoolMetrics } from "../pool-types.ts";
import type { HealthStatus } from "../types.ts";
import { Channel } from "./channel.ts";
import { ADAPTER_SCOPE, type Answer, type Request, type WorkerOrder } from "./protocol.ts";
import { expected, RemoteScope } from "./remote-scope.ts";
import type { BlockingBackend } from "./scope.ts";
import { unpackError } from "./transferable-errors.ts";

/** A database whose driver answers asynchronously: it works in a worker thread, for which the caller's thread waits. */
export class RemoteBackend extends RemoteScope implements BlockingBackend {
  readonly #order: WorkerOrder;
  readonly #unused: PoolMetrics;
  #channel: Channel | null = null;

  /** @param unused the numbers of a pool that nobody has used */
  constructor(order: WorkerOrder, unused: PoolMetrics) {
    super(() => this.#worker(), ADAPTER_SCOPE);
    this.#order = order;
    this.#unused = unused;
  }

  connect(): void {
    expected(this.#ask({ ask: "connect" }), "done");
  }

  close(): void {
    const channel = this.#channel;
    this.#channel = null;
    if (channel === null) return;
    try {
      if (!channel.hasEnded) expected(channel.ask({ ask: "close" }), "done");
    } finally {
      channel.close();
    }
  }

  poolMetrics(): PoolMetrics {
    if (this.#channel === null || this.#channel.hasEnded) return this.#unused;
    return expected(this.#ask({ ask: "metrics" }), "metrics").metrics;
  }

  checkHealth(): HealthStatus {
    const started = performance.now();
    try {
      const { status, error } = expected(this.#ask({ ask: "health" }), "health");
      return { ...status, error: error && unpackError(error) };
    } catch (error) {
      const latencyMs = performance.now() - started;
      return { ok: false, latencyMs, serverVersion: null, role: null, error: error as Error };
    }
  }

  #ask(request: Request): Answer {
    return this.#worker()(request);
  }

  /** The worker, another one if it has ended. */
  #worker(): (request: Request) => Answer {
    if (this.#channel?.hasEnded) {
      this.#channel.close();
      this.#channel = null;
    }
    this.#channel ??= new Channel(this.#order);
    const channel = this.#channel;
    return (request) => channel.ask(request);
  }
}
