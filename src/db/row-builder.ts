/** Turns the values of a row, in order, into an object. */
export type RowBuilder<V> = (values: readonly (V | null)[]) => Record<string, unknown>;

type Decode<V> = (value: V) => unknown;

/** So many rows are built name by name; then it pays to have a function made for these very columns. */
const ROWS_BEFORE_COMPILING = 50;

/**
 * A row builder for these columns. A decoder is null where the value is handed out as it is; `null` stays null whatever
 * the decoder. Of two columns with the same name the last one counts.
 */
export function rowBuilder<V>(columns: readonly string[], decoders: readonly (Decode<V> | null)[]): RowBuilder<V> {
  let build = interpretedBuilder(columns, decoders);
  let left = ROWS_BEFORE_COMPILING;
  return (values) => {
    if (left > 0 && --left === 0) build = compiledBuilder(columns, decoders) ?? build;
    return build(values);
  };
}

function interpretedBuilder<V>(columns: readonly string[], decoders: readonly (Decode<V> | null)[]): RowBuilder<V> {
  // A column may be called __proto__, which an assignment would not store.
  const hasProto = columns.includes("__proto__");
  return (values) => {
    const row: Record<string, unknown> = {};
    for (let i = 0; i < columns.length; i++) {
      const decode = decoders[i] as Decode<V> | null;
      const value = values[i] ?? null;
      const decoded = value === null || decode === null ? value : decode(value);
      if (hasProto)
        Object.defineProperty(row, columns[i] as string, {
          value: decoded,
          enumerable: true,
          writable: true,
          configurable: true,
        });
      else row[columns[i] as string] = decoded;
    }
    return row;
  };
}

/**
 * One object literal with every name in it, which V8 builds some eight times as fast as it does name by name. null
 * where Node.js was told not to make code out of text (`--disallow-code-generation-from-strings`).
 */
function compiledBuilder<V>(columns: readonly string[], decoders: readonly (Decode<V> | null)[]): RowBuilder<V> | null {
  const members = columns.map((column, i) => {
    // In brackets __proto__ is a name as any other. JSON is JavaScript: no name can end its string.
    const name = column === "__proto__" ? '["__proto__"]' : JSON.stringify(column);
    const value = decoders[i] === null ? `v[${i}] ?? null` : `v[${i}] == null ? null : decoders[${i}](v[${i}])`;
    return `${name}: ${value}`;
  });
  try {
    return new Function("decoders", `return (v) => ({ ${members.join(", ")} });`)(decoders) as RowBuilder<V>;
  } catch (error) {
    if (error instanceof EvalError) return null;
    throw error;
  }
}
