/** A value that is sent as JSON whatever it is; made by {@link json}. */
export class JsonValue {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

/** JSON that has been written already. */
export class JsonText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A list that is sent as a PostgreSQL array; made by {@link array}. */
export class ArrayValue {
  readonly values: readonly unknown[];
  constructor(values: readonly unknown[]) {
    this.values = values;
  }
}

/**
 * Sends any value as JSON, also those that would otherwise go as themselves (a string, a number, null).
 *
 * @example await adapter.insert("settings", { name: "motto", value: json("plain text") });
 */
export function json(value: unknown): JsonValue {
  return new JsonValue(value);
}

/** Sends a list as a PostgreSQL array; other databases refuse it. Without it a list is sent as JSON. */
export function array(values: readonly unknown[]): ArrayValue {
  return new ArrayValue(values);
}
