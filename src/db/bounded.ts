import type { Clock } from "./clock.ts";
import type { Bounds } from "./connection.ts";
import { DatabaseError } from "./errors.ts";

/** How what runs on a server is ended. */
export interface Interruption {
  /** Asks the server to end it; resolves when the request was passed on. */
  cancel(): Promise<void>;
  /** Breaks the connection, when asking was in vain. */
  abandon(): void;
}

/** How long the server has, after it was asked, to end a statement or a connection. */
export const GRACE_MS = 2000;

/** How long it has to answer whether it is there. */
export const PING_TIMEOUT_MS = 5000;

/**
 * The result of `work`, which is interrupted when the signal or the deadline comes first.
 *
 * @returns what `work` came to: when it was over before the interruption reached it, that counts
 * @throws DatabaseError `cancelled` or `statement_timeout` when the interruption ended it; else what `work` throws
 */
export async function bounded<T>(
  work: () => Promise<T>,
  { signal, deadline }: Bounds,
  interruption: Interruption,
  clock: Clock,
): Promise<T> {
  if (signal === undefined && deadline === undefined) return work();
  if (signal?.aborted) throw cancelled();
  if (deadline !== undefined && clock.monotonic() >= deadline) throw timedOut();
  let reason: DatabaseError | null = null;
  let passedOn: Promise<void> = Promise.resolve();
  let grace: { cancel(): void } | null = null;
  const interrupt = (why: DatabaseError) => {
    if (reason !== null) return;
    reason = why;
    passedOn = interruption.cancel();
    grace = clock.startTimer(() => interruption.abandon(), GRACE_MS);
  };
  const abort = () => interrupt(cancelled());
  const timer =
    deadline === undefined
      ? null
      : clock.startTimer(() => interrupt(timedOut()), Math.max(0, deadline - clock.monotonic()));
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await work();
  } catch (error) {
    throw reason !== null && isInterruption(error) ? reason : error;
  } finally {
    timer?.cancel();
    signal?.removeEventListener("abort", abort);
    // The request must not meet the next statement.
    if (reason !== null) await passedOn;
    (grace as { cancel(): void } | null)?.cancel();
  }
}

function isInterruption(error: unknown): boolean {
  return error instanceof DatabaseError && ["cancelled", "statement_timeout", "connection_lost"].includes(error.kind);
}

export function cancelled(): DatabaseError {
  return new DatabaseError("cancelled", "The statement was cancelled.");
}

export function timedOut(): DatabaseError {
  return new DatabaseError("statement_timeout", "The statement took longer than its timeoutMs and was ended.");
}

/**
 * The moment, by a clock, at which a time limit is over; undefined for none.
 *
 * @throws DatabaseError `statement_timeout` when it is over already, `unsupported` for what is no number of milliseconds
 */
export function deadlineAfter(timeoutMs: number, clock: Pick<Clock, "monotonic">): number | undefined {
  if (timeoutMs === Number.POSITIVE_INFINITY) return undefined;
  if (typeof timeoutMs !== "number" || Number.isNaN(timeoutMs)) {
    throw new DatabaseError("unsupported", `timeoutMs is ${String(timeoutMs)}, which is no number of milliseconds.`, {
      hint: "Give a number, Infinity for no limit, or leave it out.",
    });
  }
  if (timeoutMs <= 0) throw timedOut();
  return clock.monotonic() + timeoutMs;
}

/** Both bounds at once. */
export function narrowed(a: Bounds, b: Bounds): Bounds {
  if (b.signal === undefined && b.deadline === undefined) return a;
  const signal = a.signal && b.signal ? AbortSignal.any([a.signal, b.signal]) : (a.signal ?? b.signal);
  const deadline = Math.min(a.deadline ?? Number.POSITIVE_INFINITY, b.deadline ?? Number.POSITIVE_INFINITY);
  return { signal, deadline: Number.isFinite(deadline) ? deadline : undefined };
}
