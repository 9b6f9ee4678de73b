/** What a wrapper and the worker that serves it say to each other: one question, one answer. */
import type { AnyAdapterOptions } from "../factory.ts";
import type { PoolMetrics } from "../pool-types.ts";
import type { HealthStatus, Row, StatementOptions } from "../types.ts";
import type { SyncTransactionOptions } from "./options.ts";
import type { BlockingScope } from "./scope.ts";
import type { PackedError } from "./transferable-errors.ts";
import { type PackedRows, packValue, unpackValue } from "./transferable-values.ts";

/** What the worker begins with. */
export interface WorkerOrder {
  readonly url: string;
  readonly options: AnyAdapterOptions;
}

/** The adapter itself among the scopes; each transaction has a number of its own. */
export const ADAPTER_SCOPE = 0;

export type QueryMethod = Exclude<keyof BlockingScope, "stream" | "transaction">;

export type Request =
  | { readonly ask: "connect" | "close" | "metrics" | "health" }
  | { readonly ask: "call"; readonly scope: number; readonly method: QueryMethod; readonly args: readonly unknown[] }
  | {
      readonly ask: "stream";
      readonly scope: number;
      readonly query: string;
      readonly params: readonly unknown[];
      readonly options: StatementOptions;
    }
  | { readonly ask: "next" | "return"; readonly stream: number }
  | { readonly ask: "begin"; readonly scope: number; readonly options: SyncTransactionOptions }
  /** The work of a transaction has returned, or failed with this. */
  | { readonly ask: "end"; readonly scope: number; readonly error?: PackedError };

export type Answer =
  | { readonly say: "done" }
  | { readonly say: "failed"; readonly error: PackedError }
  /** What failed is the work itself, with the error that it told. */
  | { readonly say: "work failed" }
  | { readonly say: "value"; readonly value: unknown }
  | { readonly say: "rows"; readonly rows: PackedRows; readonly rest: object | null }
  | { readonly say: "stream"; readonly stream: number }
  | { readonly say: "batch"; readonly rows: PackedRows; readonly isLast: boolean }
  | { readonly say: "metrics"; readonly metrics: PoolMetrics }
  | { readonly say: "health"; readonly status: Omit<HealthStatus, "error">; readonly error: PackedError | null }
  /** A transaction was begun, or begun again, and its work is to be done. */
  | { readonly say: "work"; readonly scope: number };

/** What each argument of a method is: values are packed one by one. */
const ARGUMENTS = {
  executeQuery: ["text", "list", "plain"],
  execute: ["text", "list", "plain"],
  executeUpdate: ["text", "list", "plain"],
  insert: ["plain", "row", "plain"],
  insertMany: ["plain", "rows", "plain"],
  upsert: ["plain", "row", "plain"],
  update: ["plain", "value", "row", "plain"],
  delete: ["plain", "value", "plain"],
} as const satisfies Record<QueryMethod, readonly string[]>;

export function packArguments(method: QueryMethod, args: readonly unknown[]): unknown[] {
  return mapArguments(method, args, packValue);
}

export function unpackArguments(method: QueryMethod, args: readonly unknown[]): unknown[] {
  return mapArguments(method, args, unpackValue);
}

function mapArguments(method: QueryMethod, args: readonly unknown[], change: (value: unknown) => unknown): unknown[] {
  return args.map((argument, index) => {
    switch (ARGUMENTS[method][index]) {
      case "list":
        return Array.isArray(argument) ? argument.map(change) : argument;
      case "text": // of a statement; what else is given is refused by its class, which bytes lose on the way
        return ArrayBuffer.isView(argument) ? change(argument) : argument;
      case "value":
        return change(argument);
      case "row":
        return mapRow(argument as Row, change);
      case "rows":
        return (argument as readonly Row[]).map((row) => mapRow(row, change));
      default:
        return argument;
    }
  });
}

function mapRow(row: Row, change: (value: unknown) => unknown): Row {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, change(value)]));
}
