/** Turns the values of a row, in order, into an object. */
export type RowBuilder<V> = (values: readonly (V | null)[]) => Record<string, unknown>;

/**
 * A row builder for these columns. `null` stays null whatever the decoder. Of two columns with the same name the last
 * one counts.
 */
export function rowBuilder<V>(columns: readonly string[], decoders: readonly ((value: V) => unknown)[]): RowBuilder<V> {
  const width = columns.length;
  // A column may be called __proto__, which an assignment would not store.
  const hasProto = columns.includes("__proto__");
  return (values) => {
    const row: Record<string, unknown> = {};
    for (let i = 0; i < width; i++) {
      const value = values[i];
      const decoded = value === null || value === undefined ? null : (decoders[i] as (value: V) => unknown)(value);
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
