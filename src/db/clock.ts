/** The passing of time as the program sees it. Passed in everywhere, so that leases and timeouts can be tested without waiting. */
export interface Clock {
  /** The wall clock, in milliseconds since the Unix epoch. May jump; for timestamps only. */
  now(): number;
  /** A clock that never goes back, in milliseconds from an arbitrary origin. For deadlines and durations. */
  monotonic(): number;
  /** Calls `callback` once, after `milliseconds`. A timer made with `unref` does not keep the process alive. */
  startTimer(callback: () => void, milliseconds: number, options?: { readonly unref?: boolean }): Timer;
}

/** A started timer. */
export interface Timer {
  /** Stops the timer; harmless when it has fired already. */
  cancel(): void;
}

/** @internal What lasts longer `setTimeout` takes for a millisecond: https://nodejs.org/api/timers.html */
export const LONGEST_TIMEOUT_MS: number = 2 ** 31 - 1;

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  startTimer(callback, milliseconds, options) {
    let handle: NodeJS.Timeout;
    const arm = (left: number) => {
      const later = left - LONGEST_TIMEOUT_MS;
      handle = later > 0 ? setTimeout(() => arm(later), LONGEST_TIMEOUT_MS) : setTimeout(callback, left);
      if (options?.unref) handle.unref();
    };
    arm(milliseconds);
    return { cancel: () => clearTimeout(handle) };
  },
};

/**
 * Waits for `milliseconds` on `clock`.
 *
 * @throws the signal's reason, at once, when `signal` is or becomes aborted.
 */
export function sleep(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.startTimer(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
