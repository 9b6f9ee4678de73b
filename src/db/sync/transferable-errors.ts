/** Errors on their way between two threads, so that they arrive as the classes that they were. */
import { DatabaseError, type DatabaseErrorKind, DriverErrorSummary, FraisierError } from "../errors.ts";

/** An error as plain data. */
export type PackedError =
  | {
      readonly is: "DatabaseError";
      readonly kind: DatabaseErrorKind;
      readonly message: string;
      readonly hint: string | undefined;
      readonly retryable: boolean;
      readonly table: string | undefined;
      readonly columns: readonly string[] | undefined;
      readonly constraint: string | undefined;
      readonly cause: PackedError | undefined;
    }
  | {
      readonly is: "FraisierError";
      readonly name: string;
      readonly kind: string;
      readonly message: string;
      readonly hint: string | undefined;
      readonly cause: PackedError | undefined;
    }
  | { readonly is: "DriverErrorSummary"; readonly code: string; readonly text: string | undefined }
  | {
      readonly is: "Error";
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
      /** What a driver adds, as far as it can be sent. */
      readonly more: Readonly<Record<string, unknown>>;
      readonly cause: PackedError | undefined;
    };

export function packError(error: unknown): PackedError {
  if (error instanceof DatabaseError) {
    const { kind, message, hint, retryable, table, columns, constraint } = error;
    return { is: "DatabaseError", kind, message, hint, retryable, table, columns, constraint, cause: packCause(error) };
  }
  if (error instanceof FraisierError) {
    const { name, kind, message, hint } = error;
    return { is: "FraisierError", name, kind, message, hint, cause: packCause(error) };
  }
  if (error instanceof DriverErrorSummary) {
    const { code, message } = error;
    return { is: "DriverErrorSummary", code, text: message === code ? undefined : message.slice(code.length + 2) };
  }
  if (error instanceof Error) {
    const { name, message, stack } = error;
    const more = Object.fromEntries(Object.entries(error).filter(([key, value]) => key !== "cause" && isPlain(value)));
    return { is: "Error", name, message, stack, more, cause: packCause(error) };
  }
  return { is: "Error", name: "Error", message: String(error), stack: undefined, more: {}, cause: undefined };
}

/** Classes of errors by their names. Each has to be a FraisierError with no field more than those of one. */
export type ErrorClasses = Readonly<Record<string, { readonly prototype: FraisierError }>>;

/**
 * The error itself, thrown where the caller is.
 *
 * @param classes those, beside this layer's own, as which it may arrive
 */
export function unpackError(packed: PackedError, classes: ErrorClasses = {}): Error {
  const unpackCause = (cause: PackedError | undefined) => cause && unpackError(cause, classes);
  switch (packed.is) {
    case "DatabaseError": {
      const { kind, message, cause, ...details } = packed;
      return new DatabaseError(kind, message, { ...details, cause: unpackCause(cause) });
    }
    case "FraisierError": {
      const { name, kind, message, hint, cause } = packed;
      const error = new FraisierError(kind, message, { hint, cause: unpackCause(cause) });
      const Class = classes[name];
      return Object.assign(Class === undefined ? error : Object.setPrototypeOf(error, Class.prototype), { name });
    }
    case "DriverErrorSummary":
      return new DriverErrorSummary(packed.code, packed.text);
    case "Error": {
      const { name, message, stack, more, cause } = packed;
      const Class = BUILT_IN.get(name) ?? Error;
      const error = new Class(message, cause && { cause: unpackCause(cause) });
      if (stack !== undefined) error.stack = stack;
      if (error.name !== name)
        Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
      return Object.assign(error, more);
    }
  }
}

const BUILT_IN: ReadonlyMap<string, ErrorConstructor> = new Map(
  [TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map((each) => [each.name, each]),
);

function packCause({ cause }: Error): PackedError | undefined {
  return cause === undefined ? undefined : packError(cause);
}

function isPlain(value: unknown): boolean {
  return value === null || !["object", "function", "symbol"].includes(typeof value);
}
