import { DatabaseError } from "./errors.ts";
import { nameOfValue } from "./name-of-value.ts";
import { JsonText, JsonValue } from "./values.ts";

/**
 * The values of a statement as a driver sends them. `map` would do, but gives lists of other kinds before and after V8
 * compiles its caller, which then has to be compiled anew.
 *
 * @param encode - is given a value and its position, from 1
 * @throws what `encode` throws
 */
export function encodeEach<V>(params: readonly unknown[], encode: (value: unknown, position: number) => V): V[] {
  const values: V[] = [];
  for (let i = 0; i < params.length; i++) values.push(encode(params[i], i + 1));
  return values;
}

/** What every database refuses in the same words. `database` is its name, for people. */
export function cannotHold(position: number, what: string, database: string): DatabaseError {
  return new DatabaseError("out_of_range", `Parameter ${position} is ${what}, which ${database} cannot hold.`);
}

/** A value that no database can be given. */
export function notAValue(value: unknown, position: number): DatabaseError {
  return new DatabaseError(
    "parameter_mismatch",
    `Parameter ${position} is ${nameOfValue(value)}, which no database can hold.`,
    {
      hint: typeof value === "object" ? "Give a plain object, or json(value)." : "Give null where there is no value.",
    },
  );
}

/** Text that can be stored as it is. @throws DatabaseError `out_of_range` for half of a surrogate pair */
export function encodeText(text: string, position: number, database: string): string {
  if (text.isWellFormed()) return text;
  throw cannotHold(position, "text with half of a surrogate pair", database);
}

const FIRST_INSTANT = Date.parse("0001-01-01T00:00:00Z");
const LAST_INSTANT = Date.parse("9999-12-31T23:59:59.999Z");

/** An instant as ISO text with `Z`. @throws what {@link checkedTime} throws */
export function encodeInstant(date: Date, position: number, database: string): string {
  checkedTime(date, position, database);
  return date.toISOString();
}

/** The milliseconds of an instant. @throws DatabaseError `out_of_range` for an invalid one, or one that not every database holds */
export function checkedTime(date: Date, position: number, database: string): number {
  const time = date.getTime();
  if (time >= FIRST_INSTANT && time <= LAST_INSTANT) return time;
  throw cannotHold(position, Number.isNaN(time) ? "an invalid Date" : "a Date outside the years 1 to 9999", database);
}

/** The JSON text of what {@link isJson} says is JSON; null where there is none: for a cycle, or a bigint. */
export function jsonTextOf(value: object): string | null {
  if (value instanceof JsonText) return value.text;
  try {
    return JSON.stringify(value instanceof JsonValue ? value.value : value) ?? null;
  } catch {
    return null; // without the engine's words, which may hold keys of the value
  }
}

/** The same, for a parameter. @throws DatabaseError `parameter_mismatch` where there is none */
export function encodeJson(value: object, position: number): string {
  const text = jsonTextOf(value);
  if (text !== null) return text;
  throw new DatabaseError("parameter_mismatch", `Parameter ${position} cannot be written as JSON.`, {
    hint: "Give a value that JSON.stringify accepts.",
  });
}

/** Whether a value is stored as JSON: `json(…)`, a list, or a plain object. */
export function isJson(value: object): boolean {
  if (value instanceof JsonValue || value instanceof JsonText || Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
