import type { PostgresValue } from "./types.ts";

/** A field of a row, as the server describes it. */
export interface FieldDescription {
  readonly name: string;
  readonly dataTypeID: number;
}

/**
 * The part of `pg`'s connection that an exchange of messages needs. `pg` hands it to whatever has a `submit` method
 * (https://node-postgres.com/apis/client, "Submittable"), but its types leave it out.
 */
export interface Wire {
  parse(message: { name: string; text: string }): void;
  bind(message: { portal: string; statement: string; values: readonly PostgresValue[] }): void;
  describe(message: { type: "P"; name: string }): void;
  execute(message: { portal: string; rows?: number }): void;
  close(message: { type: "S" | "P"; name: string }): void;
  sendCopyFail(reason: string): void;
  sync(): void;
  query(text: string): void;
  once(event: "readyForQuery" | "end", listener: () => void): void;
  off(event: "readyForQuery" | "end", listener: () => void): void;
  readonly stream: { cork(): void; uncork(): void; destroy(): void; readonly writable: boolean };
}

/** What `pg` calls on the thing that it submitted, one method for each message of the server. */
export interface Submittable {
  /** For a prepared statement; `pg` notes which names the server knows. */
  readonly name: string;
  readonly text: string;
  submit(wire: Wire): null;
  handleRowDescription(message: { fields: FieldDescription[] }): void;
  handleDataRow(message: { fields: (string | null)[] }): void;
  handlePortalSuspended(): void;
  handleCommandComplete(message: { text: string }): void;
  handleEmptyQuery(): void;
  handleReadyForQuery(): void;
  handleError(error: Error, wire: Wire): void;
  handleCopyInResponse(wire: Wire): void;
  handleCopyData(): void;
}
