import type { FraiserDatabaseAdapter } from "../adapter.ts";
import type { Transaction } from "../transaction.ts";
import type { SyncTransactionOptions } from "./options.ts";
import type { Answer } from "./protocol.ts";
import { type PackedError, packError, unpackError } from "./transferable-errors.ts";

/**
 * A transaction whose work is done in another thread: each try of it begins with the answer `work`, and ends when that
 * thread says so. The last answer tells what the transaction came to.
 */
export class ServedTransaction {
  readonly #register: (tx: Transaction) => number;
  /** Answers that nobody has asked for yet: a deadline ends a transaction while its work goes on. */
  readonly #answers: Answer[] = [];
  #asked: ((answer: Answer) => void) | null = null;
  #workEnded: PromiseWithResolvers<void> = Promise.withResolvers();
  #workError: Error | null = null;

  /** @param register gives a number to what the work is to be done with */
  constructor(register: (tx: Transaction) => number) {
    this.#register = register;
  }

  begin(scope: FraiserDatabaseAdapter | Transaction, options: SyncTransactionOptions): Promise<Answer> {
    const work = async (tx: Transaction) => {
      this.#workEnded = Promise.withResolvers();
      this.#workEnded.promise.catch(() => {}); // a deadline may come before
      this.#tell({ say: "work", scope: this.#register(tx) });
      await this.#workEnded.promise;
    };
    scope.transaction(work, options).then(
      () => this.#tell({ say: "done" }),
      (error: unknown) => {
        const isWorkError = error !== null && error === this.#workError;
        this.#tell(isWorkError ? { say: "work failed" } : { say: "failed", error: packError(error) });
      },
    );
    return this.#nextAnswer();
  }

  /** The work has returned or failed. */
  end(error: PackedError | undefined): Promise<Answer> {
    this.#workError = error === undefined ? null : unpackError(error);
    if (this.#workError === null) this.#workEnded.resolve();
    else this.#workEnded.reject(this.#workError);
    return this.#nextAnswer();
  }

  #tell(answer: Answer): void {
    if (this.#asked === null) this.#answers.push(answer);
    else this.#asked(answer);
    this.#asked = null;
  }

  async #nextAnswer(): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const kept = this.#answers.shift();
    if (kept !== undefined) return kept;
    this.#asked = resolve;
    return promise;
  }
}
