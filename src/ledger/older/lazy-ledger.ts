import type { DatabaseConfig } from "../../db/index.ts";
import type { Ledger } from "../ledger.ts";
import { type OpenedLedger, openConfiguredLedger } from "../open.ts";

/** A ledger that is opened by its first use: for reading, until something is written. */
export class LazyLedger {
  readonly #config: DatabaseConfig;
  #opened: (OpenedLedger & { readonly mode: "read" | "write" }) | null = null;

  constructor(config: DatabaseConfig) {
    this.#config = config;
  }

  /** @returns null when nothing was ever written; then nothing is made @throws DatabaseError, LedgerSchemaError */
  async toRead(): Promise<Ledger | null> {
    if (this.#opened !== null) return this.#opened.ledger;
    const opened = await openConfiguredLedger(this.#config, "read");
    if (opened !== null) this.#opened = { ...opened, mode: "read" };
    return opened?.ledger ?? null;
  }

  /** Sets an empty database up. @throws DatabaseError, LedgerSchemaError */
  async toWrite(): Promise<Ledger> {
    if (this.#opened?.mode === "write") return this.#opened.ledger;
    const opened = await openConfiguredLedger(this.#config, "write");
    await this.close();
    this.#opened = { ...opened, mode: "write" };
    return opened.ledger;
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    await opened?.close();
  }
}
