import { cancelled } from "../bounded.ts";
import { type Clock, sleep } from "../clock.ts";
import type { Session } from "../session.ts";
import { MigrationError } from "./errors.ts";
import type { RunnerLock } from "./support.ts";

/** How long one runner waits for another. */
export interface LockOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Told once, with whoever is being waited for when that is known. */
  readonly onWaiting: ((holder: string | null) => void) | undefined;
}

/** Milliseconds between two attempts; with as many again at random, so that those who wait don't come together. */
const PAUSE_MS = 25;

/** Does `work` while this session has the lock. @throws MigrationError `migration_locked` at the deadline */
export async function withLock<T>(
  session: Session,
  lock: RunnerLock,
  table: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  await poll(
    () => lock.tryAcquire(session, table),
    () => lock.holder(session, table, "session"),
    options,
  );
  try {
    return await work();
  } finally {
    // A session that is lost has lost the lock too.
    await lock.release(session, table).catch(() => {});
  }
}

/** Calls `attempt` until it succeeds. @throws MigrationError `migration_locked` at the deadline */
export async function poll(
  attempt: () => Promise<boolean>,
  holder: () => Promise<string | null>,
  { clock, timeoutMs, signal, onWaiting }: LockOptions,
): Promise<void> {
  const deadline = clock.monotonic() + timeoutMs;
  for (let isFirst = true; !(await attempt()); isFirst = false) {
    if (isFirst) onWaiting?.(await holder());
    if (clock.monotonic() >= deadline) throw locked(await holder(), timeoutMs);
    await sleep(clock, PAUSE_MS * (1 + Math.random()), signal).catch(() => {
      throw cancelled();
    });
  }
}

function locked(holder: string | null, timeoutMs: number): MigrationError {
  const limit = timeoutMs < 1000 ? `${timeoutMs} ms` : `${Math.round(timeoutMs / 1000)} s`;
  const what = timeoutMs > 0 ? `has not ended within ${limit}` : "is at work, and was not to be waited for";
  return new MigrationError(
    "migration_locked",
    `Another run of migrations ${what}: ${holder ?? "its holder is not known"}.`,
    { hint: "Wait for it, or end that process or connection: its death frees the lock." },
  );
}
