import { type Clock, sleep } from "../../db/index.ts";
import type { ExitStatus, Launched } from "./launcher.ts";
import { isProcessAlive, type ProcessIdentity } from "./process-identity.ts";

/** How long the news of a process's end may take, in milliseconds. */
const NEWS_MS = 5_000;

/** A look at the service's process while its health is judged. */
export interface ProcessWatch {
  /** Why the process does not serve, as a clause; null while it runs. */
  endedReason(): Promise<string | null>;
  /** Fulfilled when the process ends, where this Fraisier started it; else never. */
  readonly ended: Promise<unknown>;
}

/** A process that this Fraisier started, whose exit status it will be told. */
export class StartedProcess {
  readonly pid: number;
  readonly exited: Promise<ExitStatus>;
  readonly #clock: Clock;
  readonly #startedAt: number;
  #reason: string | null = null;

  constructor(launched: Launched, clock: Clock) {
    this.pid = launched.pid;
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
    this.exited = launched.exited.then((status) => {
      this.#reason = this.#describe(status);
      return status;
    });
  }

  /**
   * How it ended. Waits for the news of that, on a timer: the process itself is not waited for by the event loop, which
   * could otherwise end, and this whole program with it, before the news is in.
   */
  async reason(): Promise<string> {
    const news = new AbortController();
    const patience = sleep(this.#clock, NEWS_MS, news.signal).catch(() => {}); // ended early by the news
    await Promise.race([this.exited, patience]);
    news.abort();
    return this.#reason ?? `the process ${this.pid} is not running any more`;
  }

  #describe({ exitCode, signal }: ExitStatus): string {
    const seconds = ((this.#clock.monotonic() - this.#startedAt) / 1000).toFixed(1);
    const how = signal === null ? `with exit code ${exitCode}` : `by ${signal}`;
    const advice = exitCode === 0 ? "; it must stay in the foreground" : "";
    return `the process ended ${how}, ${seconds} s after its start${advice}`;
  }
}

/**
 * Watches a process.
 *
 * @param started the same process, when this Fraisier started it.
 */
export function watchProcess(leader: ProcessIdentity, started: StartedProcess | null): ProcessWatch {
  return {
    async endedReason() {
      if (isProcessAlive(leader)) return null;
      return started === null ? `the process ${leader.pid} is not running any more` : await started.reason();
    },
    ended: started === null ? new Promise(() => {}) : started.exited,
  };
}

/** A watch of something that does not run, for that reason. */
export function watchNothing(reason: string): ProcessWatch {
  return { endedReason: async () => reason, ended: Promise.resolve() };
}

/** Waits, but no longer than the process runs. @throws the signal's reason when it aborts. */
export async function waitWhileRunning(
  milliseconds: number,
  watch: ProcessWatch | null,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const woken = new AbortController();
  const waiting = sleep(clock, milliseconds, AbortSignal.any([signal, woken.signal]));
  await (watch === null ? waiting : Promise.race([waiting, watch.ended]));
  // After the race: a sleep that nobody awaits any more would else reject unseen.
  waiting.catch(() => {});
  woken.abort();
}
