import { isServerError } from "./errors.ts";
import type { PostgresValue } from "./types.ts";
import type { FieldDescription, Submittable, Wire } from "./wire.ts";

/** What is asked of the server in one go. */
export type ExchangeRequest =
  /** One or several statements without parameters, in the simple query protocol. */
  | { readonly type: "simple"; readonly text: string }
  /** One statement with parameters; `isPrepared` when the server keeps it under `name` already. */
  | {
      readonly type: "statement";
      readonly text: string;
      readonly values: readonly PostgresValue[];
      /** Empty: not kept. */
      readonly name: string;
      readonly isPrepared: boolean;
      /** Where the rest of the rows waits, when `batchSize` is not 0. Empty: nowhere. */
      readonly portal: string;
      /** How many rows are sent; 0 for all. */
      readonly batchSize: number;
      /** Whether the columns are asked for. They need not be where they are known: a kept statement's never change. */
      readonly describes: boolean;
    }
  /** More rows of a portal. */
  | { readonly type: "fetch"; readonly portal: string; readonly batchSize: number }
  | { readonly type: "close"; readonly portal: string };

/** What the server answered. */
export interface ExchangeResult {
  /** null for a statement that returns no rows, and where they were not asked for. */
  readonly fields: readonly FieldDescription[] | null;
  readonly rows: (string | null)[][];
  /** The last command's tag, e.g. `INSERT 0 1`; null while there are more rows. */
  readonly tag: string | null;
}

/**
 * One request and its answer (https://www.postgresql.org/docs/current/protocol-flow.html). The result, or the error,
 * is handed out once the server is ready for the next request, so that the state of the transaction is known by then.
 */
export class Exchange implements Submittable {
  /** `pg` notes by these which statements the server has prepared: also those that failed when they were run. */
  readonly name: string;
  readonly text: string;
  readonly result: Promise<ExchangeResult>;
  readonly #request: ExchangeRequest;
  readonly #resolve: (result: ExchangeResult) => void;
  readonly #reject: (error: unknown) => void;
  #fields: readonly FieldDescription[] | null = null;
  readonly #rows: (string | null)[][] = [];
  #tag: string | null = null;

  constructor(request: ExchangeRequest) {
    this.#request = request;
    this.name = request.type === "statement" ? request.name : "";
    this.text = request.type === "statement" ? request.text : "";
    const { promise, resolve, reject } = Promise.withResolvers<ExchangeResult>();
    this.result = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(wire: Wire): null {
    const request = this.#request;
    if (request.type === "simple") {
      wire.query(request.text);
      return null;
    }
    const { portal } = request;
    wire.stream.cork();
    try {
      if (request.type === "statement") {
        if (!request.isPrepared) wire.parse({ name: request.name, text: request.text });
        wire.bind({ portal, statement: request.name, values: request.values });
        if (request.describes) wire.describe({ type: "P", name: portal });
      }
      if (request.type === "close") wire.close({ type: "P", name: portal });
      else wire.execute({ portal, rows: request.batchSize });
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
    return null;
  }

  handleRowDescription({ fields }: { fields: FieldDescription[] }): void {
    this.#fields = fields;
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    this.#rows.push(fields);
  }

  handlePortalSuspended(): void {
    // The portal keeps the other rows; the answer ends here.
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#tag = text;
  }

  handleEmptyQuery(): void {
    this.#tag = "";
  }

  handleReadyForQuery(): void {
    this.#resolve({ fields: this.#fields, rows: this.#rows, tag: this.#tag });
  }

  /** `pg` forgets its query at an error, so the end of the answer has to be waited for here. */
  handleError(error: Error, wire: Wire): void {
    const isFatal = !isServerError(error) || error.severity === "FATAL" || error.severity === "PANIC";
    if (isFatal || !wire.stream.writable) {
      this.#reject(error);
      return;
    }
    const ended = () => {
      wire.off("readyForQuery", ended);
      wire.off("end", ended);
      this.#reject(error);
    };
    wire.once("readyForQuery", ended);
    wire.once("end", ended);
  }

  handleCopyInResponse(wire: Wire): void {
    wire.sendCopyFail("COPY FROM STDIN is not supported");
  }

  handleCopyData(): void {
    // COPY TO STDOUT: its data are passed over, and its row count is the result.
  }
}
