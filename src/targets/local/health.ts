import type { HealthCheck } from "../../config/index.ts";
import type { Clock } from "../../db/index.ts";
import type { HealthReport, Probe } from "../target.ts";
import { probeOnce } from "./probe.ts";
import { type ProcessWatch, waitWhileRunning } from "./process-watch.ts";

/** How long a process without a health check must live, in milliseconds. */
const ALIVE_MS = 1_000;

/** How long a process may take to die after its connections broke, in milliseconds. */
const DYING_MS = 500;

/** What is judged, and how. */
export interface HealthRequest {
  readonly check: HealthCheck | null;
  /** What `{port}` stands for; null when there is none. */
  readonly port: number | null;
  /** The process; null when something else runs it. */
  readonly watch: ProcessWatch | null;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProbe: (probe: Probe) => void;
}

/**
 * Judges the running application: it must answer well to the first probe or to one of `retries` more, and go on so for
 * `stableFor` seconds. A process that ends is unhealthy at once.
 *
 * @throws the signal's reason when it aborts, and what `onProbe` throws; nothing else.
 */
export async function judgeHealth(request: HealthRequest): Promise<HealthReport> {
  const { check, port, watch, clock, signal } = request;
  signal.throwIfAborted();
  if (check === null) return judgeByLife(request);
  if (port === null && check.url.includes("{port}")) {
    return {
      outcome: "unhealthy",
      reason: "the health check's URL has {port}, but the service has no port",
      probes: [],
    };
  }
  const url = check.url.replaceAll("{port}", String(port));
  const probes: Probe[] = [];
  const unhealthy = (reason: string): HealthReport => ({ outcome: "unhealthy", reason, probes });
  let failures = 0;
  let healthySince: number | null = null;
  for (;;) {
    const gone = await watch?.endedReason();
    if (gone) return unhealthy(gone);
    const probe = await probeOnce(url, check, clock, signal);
    probes.push(probe);
    request.onProbe(probe);
    // Another process may have answered in its place.
    const goneSince = await watch?.endedReason();
    if (goneSince) return unhealthy(goneSince);

    let pause = check.interval * 1000;
    if (probe.ok) {
      healthySince ??= clock.monotonic();
      const remaining = healthySince + check.stableFor * 1000 - clock.monotonic();
      if (remaining <= 0) return { outcome: "healthy", probes };
      pause = Math.min(pause, remaining);
    } else if (healthySince !== null) {
      const seconds = ((clock.monotonic() - healthySince) / 1000).toFixed(1);
      // A process that is dying breaks its connections first: then its end is the better reason.
      await waitWhileRunning(DYING_MS, watch, clock, signal);
      const ended = await watch?.endedReason();
      if (ended) return unhealthy(ended);
      return unhealthy(`it was healthy for ${seconds} s only: ${probe.reason}`);
    } else {
      failures++;
      if (failures > check.retries)
        return unhealthy(`${probe.reason} (${failures} ${failures === 1 ? "probe" : "probes"})`);
    }
    await waitWhileRunning(pause, watch, clock, signal);
  }
}

async function judgeByLife({ watch, clock, signal }: HealthRequest): Promise<HealthReport> {
  if (watch !== null) {
    await waitWhileRunning(ALIVE_MS, watch, clock, signal);
    const gone = await watch.endedReason();
    if (gone) return { outcome: "unhealthy", reason: gone, probes: [] };
  }
  return { outcome: "unchecked", probes: [] };
}
