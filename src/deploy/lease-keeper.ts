import type { Clock, Timer } from "../db/index.ts";
import type { Lease, Ledger } from "../ledger/index.ts";
import { LeaseLostError } from "../ledger/index.ts";

/** A lease is good for so many milliseconds after its last heartbeat. */
export const LEASE_TTL_MS = 60_000;
const HEARTBEAT_EVERY_MS = 15_000;

/**
 * Keeps a lease alive for as long as a deployment runs. `lost` is aborted when somebody else has taken it, so that
 * nothing more is done in its name. A heartbeat that fails for another reason is tried again: only the loss counts.
 */
export class LeaseKeeper {
  readonly lease: Lease;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #lost = new AbortController();
  #timer: Timer | null = null;

  constructor(ledger: Ledger, lease: Lease, clock: Clock) {
    this.#ledger = ledger;
    this.lease = lease;
    this.#clock = clock;
    this.#schedule();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Stops the heartbeat and frees the lease. A lease that is lost already is not ours to free. */
  async release(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#lost.signal.aborted) return;
    await this.#ledger.releaseLease(this.lease).catch((error) => {
      if (!(error instanceof LeaseLostError)) throw error;
    });
  }

  #schedule(): void {
    this.#timer = this.#clock.startTimer(() => void this.#beat(), HEARTBEAT_EVERY_MS, { unref: true });
  }

  async #beat(): Promise<void> {
    try {
      await this.#ledger.heartbeat(this.lease);
    } catch (error) {
      if (error instanceof LeaseLostError) {
        this.#lost.abort(error);
        return;
      }
      // The database may be back for the next one; if it isn't, the next recorded step says so.
    }
    if (this.#timer !== null) this.#schedule();
  }
}
