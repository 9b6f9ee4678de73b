import { DatabaseError } from "../errors.ts";
import type { KeyOptions, QueryResult, Row, StatementOptions, UpsertOptions } from "../types.ts";
import type { SyncTransactionOptions } from "./options.ts";
import { ADAPTER_SCOPE, type Answer, packArguments, type QueryMethod, type Request } from "./protocol.ts";
import type { BlockingScope } from "./scope.ts";
import { packError, unpackError } from "./transferable-errors.ts";
import { unpackRows } from "./transferable-values.ts";

/** Asks the worker a question and waits for the answer. @throws what the answer says has failed */
export type Ask = (request: Request) => Answer;

/** The query methods by a worker thread, in which they really run. */
export class RemoteScope implements BlockingScope {
  readonly #worker: () => Ask;
  readonly #scope: number;

  /** @param worker the one to ask now; what was begun with one goes on with that one alone */
  constructor(worker: () => Ask, scope: number) {
    this.#worker = worker;
    this.#scope = scope;
  }

  executeQuery(query: string, params: readonly unknown[], options: StatementOptions): Row[] {
    return this.#rows("executeQuery", [query, params, options]).rows;
  }

  execute(query: string, params: readonly unknown[], options: StatementOptions): QueryResult {
    const { rows, rest } = this.#rows("execute", [query, params, options]);
    return { rows, ...(rest as Omit<QueryResult, "rows">) };
  }

  executeUpdate(query: string, params: readonly unknown[], options: StatementOptions): number {
    return this.#value("executeUpdate", [query, params, options]) as number;
  }

  insert(table: string, data: Row, options: KeyOptions): string {
    return this.#value("insert", [table, data, options]) as string;
  }

  insertMany(table: string, rows: readonly Row[], options: StatementOptions): number {
    return this.#value("insertMany", [table, rows, options]) as number;
  }

  upsert(table: string, data: Row, options: UpsertOptions): string {
    return this.#value("upsert", [table, data, options]) as string;
  }

  update(table: string, id: unknown, data: Row, options: KeyOptions): boolean {
    return this.#value("update", [table, id, data, options]) as boolean;
  }

  delete(table: string, id: unknown, options: KeyOptions): boolean {
    return this.#value("delete", [table, id, options]) as boolean;
  }

  *stream(
    query: string,
    params: readonly unknown[],
    options: StatementOptions,
  ): Generator<Row[], undefined, undefined> {
    const [text, values] = packArguments("executeQuery", [query, params, options]) as [string, unknown[]];
    const ask = this.#worker();
    const begun = ask({ ask: "stream", scope: this.#scope, query: text, params: values, options });
    const { stream } = expected(begun, "stream");
    let isOpen = true;
    try {
      while (isOpen) {
        const answer = ask({ ask: "next", stream });
        isOpen = answer.say === "batch" && !answer.isLast;
        yield unpackRows(expected(answer, "batch").rows);
      }
    } finally {
      if (isOpen) attempt(() => ask({ ask: "return", stream })); // the loop's own error is the one to report
    }
  }

  transaction<T>(work: (inner: RemoteScope) => T, options: SyncTransactionOptions): T {
    const ask = this.#worker();
    let answer = ask({ ask: "begin", scope: this.#scope, options });
    for (;;) {
      const { scope } = expected(answer, "work");
      const outcome = attempt(() => work(new RemoteScope(() => ask, scope)));
      if ("error" in outcome) {
        const error = packError(outcome.error);
        const ending = attempt(() => ask({ ask: "end", scope, error }));
        if ("error" in ending || ending.result.say === "work failed") throw outcome.error;
        answer = ending.result;
      } else {
        answer = this.#commit(ask, scope);
        if (answer.say === "done") return outcome.result;
      }
    }
  }

  #commit(ask: Ask, scope: number): Answer {
    try {
      return ask({ ask: "end", scope });
    } catch (error) {
      if (this.#scope !== ADAPTER_SCOPE) throw error;
      throw new DatabaseError(
        "commit_outcome_unknown",
        "The worker thread ended before it told whether the transaction was committed.",
        { hint: "Look in the database whether what it wrote is there.", cause: error },
      );
    }
  }

  #rows(method: "executeQuery" | "execute", args: readonly unknown[]): { rows: Row[]; rest: object | null } {
    const { rows, rest } = expected(this.#call(method, args), "rows");
    return { rows: unpackRows(rows), rest };
  }

  #value(method: QueryMethod, args: readonly unknown[]): unknown {
    return expected(this.#call(method, args), "value").value;
  }

  #call(method: QueryMethod, args: readonly unknown[]): Answer {
    return this.#worker()({ ask: "call", scope: this.#scope, method, args: packArguments(method, args) });
  }
}

type Said<S extends Answer["say"]> = Extract<Answer, { readonly say: S }>;

/** The answer, which is of this sort. @throws what it says has failed */
export function expected<S extends Answer["say"]>(answer: Answer, say: S): Said<S> {
  if (answer.say === say) return answer as Said<S>;
  if (answer.say === "failed") throw unpackError(answer.error);
  throw new Error(`the worker answered "${answer.say}" where "${say}" was expected`);
}

function attempt<T>(work: () => T): { readonly result: T } | { readonly error: unknown } {
  try {
    return { result: work() };
  } catch (error) {
    return { error };
  }
}
