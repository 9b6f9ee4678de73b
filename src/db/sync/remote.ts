import type { PoolMetrics } from "../pool-types.ts";
import type { HealthStatus } from "../types.ts";
import { DATABASE_WORKER } from "./channel.ts";
import { KeptChannel } from "./kept-channel.ts";
import { ADAPTER_SCOPE, type Answer, type Request, type WorkerOrder } from "./protocol.ts";
import { expected, RemoteScope } from "./remote-scope.ts";
import type { BlockingBackend } from "./scope.ts";
import { unpackError } from "./transferable-errors.ts";

/** A database whose driver answers asynchronously: it works in a worker thread, for which the caller's thread waits. */
export class RemoteBackend extends RemoteScope implements BlockingBackend {
  readonly #channel: KeptChannel<Request, Answer>;
  readonly #unused: PoolMetrics;

  /** @param unused the numbers of a pool that nobody has used */
  constructor(order: WorkerOrder, unused: PoolMetrics) {
    const channel = new KeptChannel<Request, Answer>({ name: "fraisier-db", entry: DATABASE_WORKER, order });
    super(() => channel.current(), ADAPTER_SCOPE);
    this.#channel = channel;
    this.#unused = unused;
  }

  connect(): void {
    expected(this.#ask({ ask: "connect" }), "done");
  }

  close(): void {
    const answer = this.#channel.close({ ask: "close" });
    if (answer !== null) expected(answer, "done");
  }

  poolMetrics(): PoolMetrics {
    if (!this.#channel.isOpen) return this.#unused;
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
    return this.#channel.current()(request);
  }
}
