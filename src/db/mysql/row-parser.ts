import { type RowBuilder, rowBuilder } from "../row-builder.ts";
import { type ColumnDescription, type RowPacket, readerFor } from "./types.ts";

/** What `mysql2` makes for each set of rows, and asks for each of its rows. */
export type RowParserClass = new () => { next(packet: RowPacket): Record<string, unknown> };

/**
 * Parses rows of the binary protocol straight into objects. The driver's own parser makes text of dates and of big
 * integers, which then had to be parsed a second time.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html
 */
export function rowParser(columns: readonly ColumnDescription[]): RowParserClass {
  const readers = columns.map(readerFor);
  const build: RowBuilder<unknown> = rowBuilder(
    columns.map((column) => column.name),
    columns.map(() => null),
  );
  const width = columns.length;
  // The first two bits belong to nobody.
  const bitmapBytes = (width + 2 + 7) >> 3;
  return class {
    next(packet: RowPacket): Record<string, unknown> {
      const bitmap = packet.offset + 1; // after the header
      packet.offset = bitmap + bitmapBytes;
      const values = new Array<unknown>(width);
      for (let i = 0; i < width; i++) {
        const bit = i + 2;
        const isNull = ((packet.buffer[bitmap + (bit >> 3)] as number) & (1 << (bit & 7))) !== 0;
        values[i] = isNull ? null : (readers[i] as (packet: RowPacket) => unknown)(packet);
      }
      return build(values);
    }
  };
}

/** What parses the rows of statements, by their texts, for the columns that each had when it last ran. */
export class RowParsers {
  readonly #capacity: number;
  readonly #kept = new Map<
    string,
    { readonly columns: readonly ColumnDescription[]; readonly parser: RowParserClass }
  >();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  of(sql: string, columns: readonly ColumnDescription[]): RowParserClass {
    const kept = this.#kept.get(sql);
    if (kept !== undefined && areAlike(kept.columns, columns)) return kept.parser;
    if (this.#kept.size >= this.#capacity) this.#kept.clear();
    const parser = rowParser(columns);
    this.#kept.set(sql, { columns, parser });
    return parser;
  }

  forget(sql: string): void {
    this.#kept.delete(sql);
  }
}

/** Whether rows with these columns are parsed alike. */
function areAlike(a: readonly ColumnDescription[], b: readonly ColumnDescription[]): boolean {
  return (
    a.length === b.length &&
    a.every((column, i) => {
      const other = b[i] as ColumnDescription;
      return (
        column.name === other.name &&
        column.columnType === other.columnType &&
        column.columnLength === other.columnLength &&
        column.flags === other.flags &&
        column.characterSet === other.characterSet &&
        column.decimals === other.decimals &&
        column.extendedFormat === other.extendedFormat
      );
    })
  );
}
