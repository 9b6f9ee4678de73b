/** The work's result, unless the signal aborts first. @throws the signal's reason */
export async function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>();
  const abort = () => late.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
    work.catch(() => {}); // it may fail after the race
  }
}
