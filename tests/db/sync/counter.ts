import type { ServedObject } from "../../../src/db/index.ts";
import { FraisierError } from "../../../src/db/index.ts";

export class CounterError extends FraisierError {
  override readonly name: string = "CounterError";

  constructor() {
    super("uncountable", "It cannot be counted.", { hint: "Count something else." });
  }
}

/** What a thread of the tests serves. */
export class Counter implements ServedObject {
  #count: number;

  constructor(from: number) {
    this.#count = from;
  }

  async add(number: number): Promise<{ readonly at: Date; readonly count: number }> {
    this.#count += number;
    return { at: new Date(0), count: this.#count };
  }

  async fail(): Promise<never> {
    throw new CounterError();
  }

  async die(): Promise<void> {
    process.exit();
  }

  async close(): Promise<void> {}
}
