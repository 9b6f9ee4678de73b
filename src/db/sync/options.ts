import { DatabaseError } from "../errors.ts";
import type { KeyOptions, StatementOptions, TransactionOptions, UpsertOptions } from "../types.ts";

/** What every blocking statement can be given: a signal is nothing that a blocked thread could hear. */
export type SyncStatementOptions = Omit<StatementOptions, "signal">;
/** {@link KeyOptions} of a blocking call. */
export type SyncKeyOptions = Omit<KeyOptions, "signal">;
/** {@link UpsertOptions} of a blocking call. */
export type SyncUpsertOptions = Omit<UpsertOptions, "signal">;
/** {@link TransactionOptions} of a blocking transaction. */
export type SyncTransactionOptions = Omit<TransactionOptions, "signal">;

/** @throws DatabaseError `unsupported` for a signal */
export function refuseSignal(options: object): void {
  if (!("signal" in options) || options.signal === undefined) return;
  throw new DatabaseError(
    "unsupported",
    "The option signal has no meaning for a blocking call: nothing could abort it.",
    {
      hint: "Give timeoutMs, or use the asynchronous adapter.",
    },
  );
}
