import type { Dialect } from "../dialect.ts";
import { nativeStatement, type ParsedStatement, parseStatement } from "./placeholders.ts";

/** Keeps parsed statements by their text, so that each text is scanned once. Forgets the oldest when full. */
export class StatementCache {
  readonly #dialect: Dialect;
  readonly #capacity: number;
  readonly #parsed = new Map<string, ParsedStatement>();
  readonly #native = new Map<string, ParsedStatement>();

  constructor(dialect: Dialect, capacity = 1000) {
    this.#dialect = dialect;
    this.#capacity = capacity;
  }

  /** @throws what {@link parseStatement} throws; a text that fails is not kept. */
  get(text: string, isNative: boolean): ParsedStatement {
    const kept = isNative ? this.#native : this.#parsed;
    const found = kept.get(text);
    if (found !== undefined) return found;
    const statement = isNative ? nativeStatement(text, this.#dialect) : parseStatement(text, this.#dialect);
    if (kept.size >= this.#capacity) kept.delete(kept.keys().next().value as string);
    kept.set(text, statement);
    return statement;
  }
}
