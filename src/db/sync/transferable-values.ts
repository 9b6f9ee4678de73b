/** Values on their way between two threads: structured cloning alone would lose the class of most objects. */
import { isJson, jsonTextOf } from "../encode.ts";
import { rowBuilder } from "../row-builder.ts";
import type { Row } from "../types.ts";
import { ArrayValue, JsonText, JsonValue } from "../values.ts";

/** What stands for a value that does not cross by itself. */
type Stand =
  | { readonly is: "no json" }
  | { readonly is: "json text"; readonly text: string }
  | { readonly is: "array" | "list"; readonly values: readonly unknown[] }
  | { readonly is: "refused"; readonly of: string; readonly className: string };

/** A parameter that can be sent. What no database can hold becomes something that is refused in the same words. */
export function packValue(value: unknown): unknown {
  switch (typeof value) {
    case "function":
    case "symbol":
      return { is: "refused", of: typeof value, className: "" } satisfies Stand;
    case "object":
      return value === null ? null : packObject(value);
    default:
      return value;
  }
}

function packObject(value: object): unknown {
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return ownBytes(value);
  if (value instanceof ArrayBuffer) return value;
  if (value instanceof ArrayValue) {
    const { values } = value;
    return { is: "array", values: Array.isArray(values) ? values.map(packElement) : values } satisfies Stand;
  }
  if (!isJson(value)) {
    return { is: "refused", of: "object", className: value.constructor?.name ?? "unknown" } satisfies Stand;
  }
  const text = jsonTextOf(value);
  return (text === null ? { is: "no json" } : { is: "json text", text }) satisfies Stand;
}

/** Lists in an array are arrays in it, not JSON. */
function packElement(value: unknown): unknown {
  return Array.isArray(value) ? ({ is: "list", values: value.map(packElement) } satisfies Stand) : packValue(value);
}

/** The value that {@link packValue} was given, or what is refused like it. */
export function unpackValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return asBuffer(value);
  if (!("is" in value)) return value;
  const stand = value as Stand;
  switch (stand.is) {
    case "no json":
      return new JsonValue(undefined); // which is said where it is bound
    case "json text":
      return new JsonText(stand.text);
    case "array":
      return new ArrayValue(Array.isArray(stand.values) ? stand.values.map(unpackValue) : stand.values);
    case "list":
      return stand.values.map(unpackValue);
    case "refused":
      return refusedLike(stand.of, stand.className);
  }
}

/** Something of which an error says the same. */
function refusedLike(type: string, className: string): unknown {
  if (type === "function") return () => {};
  if (type === "symbol") return Symbol("a parameter");
  return Object.create({ constructor: { name: className } });
}

/** Rows that can be sent: their columns once, and the values of each. */
export interface PackedRows {
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

export function packRows(rows: readonly Row[]): PackedRows {
  return { columns: Object.keys(rows[0] ?? {}), values: rows.map((row) => Object.values(row).map(packResult)) };
}

export function unpackRows({ columns, values }: PackedRows): Row[] {
  const build = rowBuilder<unknown>(
    columns,
    columns.map(() => unpackResult),
  );
  return values.map(build);
}

function packResult(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return ownBytes(value);
  return Array.isArray(value) ? value.map(packResult) : value;
}

function unpackResult(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return asBuffer(value);
  return Array.isArray(value) ? value.map(unpackResult) : value;
}

/** Its bytes alone: a view takes the whole memory under it along. */
function ownBytes(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
