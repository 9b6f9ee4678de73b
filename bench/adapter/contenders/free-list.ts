/** The smallest pool that can be: who finds no free connection waits for the next one that is given back. */
export class FreeList<C> {
  readonly #free: C[];
  readonly #waiting: ((connection: C) => void)[] = [];

  constructor(connections: readonly C[]) {
    this.#free = [...connections];
  }

  async use<T>(work: (connection: C) => Promise<T>): Promise<T> {
    const connection = this.#free.pop() ?? (await new Promise<C>((resolve) => this.#waiting.push(resolve)));
    try {
      return await work(connection);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(connection);
      else this.#free.push(connection);
    }
  }
}
