import type { Row } from "../types.ts";
import type { ColumnDescription } from "./types.ts";

/** The answer to a statement without rows. */
export interface Header {
  readonly affectedRows: number;
  readonly insertId: number | string;
  readonly serverStatus: number;
}

/** The command of `mysql2` whose rows come as events. */
export interface RowCommand {
  on(event: "fields", listener: (fields: ColumnDescription[] | undefined) => void): this;
  on(event: "result", listener: (row: Row | Header) => void): this;
  on(event: "error", listener: (error: unknown) => void): this;
  on(event: "end", listener: () => void): this;
}

/** The connection that the rows come from. */
export interface Tap {
  pause(): void;
  resume(): void;
}

/** Above so many rows in memory the server is made to wait. */
const HIGH_WATER_ROWS = 500;

/** The rows of a running statement, in batches; the server waits while nobody takes them. */
export class RowReader {
  readonly #tap: Tap;
  #rows: Row[] = [];
  #state: "running" | "over" = "running";
  #error: unknown = null;
  #limit = HIGH_WATER_ROWS;
  #isPaused = false;
  #wake: (() => void) | null = null;

  /** @param onHeader is told what the server says instead of rows */
  constructor(command: RowCommand, tap: Tap, onHeader: (header: Header) => void) {
    this.#tap = tap;
    let hasColumns = false;
    command
      .on("fields", (fields) => {
        hasColumns = fields !== undefined;
      })
      .on("result", (row) => {
        if (!hasColumns) return onHeader(row as Header);
        this.#rows.push(row as Row);
        // Not before the driver is through with what has come by now: while it is paused it copies each row that it reads.
        if (this.#rows.length === this.#limit) queueMicrotask(() => this.#pauseIfFull());
        this.#wakeUp();
      })
      .on("error", (error) => this.end(error))
      .on("end", () => this.end(null));
  }

  get isOver(): boolean {
    return this.#state === "over";
  }

  /** The next rows; null when there are no more. @throws what ended the statement */
  async next(): Promise<Row[] | null> {
    while (this.#rows.length === 0 && this.#state === "running") {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#resume(); // may hand out rows at once
      await woken;
    }
    if (this.#rows.length > 0) {
      const rows = this.#rows;
      this.#rows = [];
      return rows;
    }
    if (this.#error !== null) throw this.#error;
    return null;
  }

  /** Lets the rest come into memory, so that another statement can have the connection. */
  takeAll(): void {
    this.#limit = Number.POSITIVE_INFINITY;
    this.#resume();
  }

  /** Passes over the rest. */
  async drain(): Promise<void> {
    while (!this.isOver) await this.next().catch(() => null); // nobody is interested in this statement any more
  }

  /** No more rows will come; `error` is why, when it was not the last one. */
  end(error: unknown): void {
    if (this.#state === "over") return;
    this.#error = error;
    this.#state = "over";
    this.#resume();
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = null;
  }

  #pauseIfFull(): void {
    if (this.#isPaused || this.isOver || this.#rows.length < this.#limit) return;
    this.#isPaused = true;
    this.#tap.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#tap.resume();
  }
}
