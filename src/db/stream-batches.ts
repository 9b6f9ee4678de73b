import { cancelled } from "./bounded.ts";
import type { Bounds, Connection } from "./connection.ts";
import { arrangeParameters, type ParsedStatement } from "./sql/placeholders.ts";

/** The rows in the batches that they come in, so that not each of them is waited for. */
export async function* streamBatches<R extends object>(
  connection: Connection,
  statement: ParsedStatement,
  params: readonly unknown[],
  bounds: Bounds,
): AsyncIterable<Iterable<R>> {
  const running = { ...bounds, keep: false };
  for await (const batch of connection.stream(statement, arrangeParameters(statement, params), running))
    yield rowsUntilAborted(batch as R[], bounds.signal);
}

function* rowsUntilAborted<R>(batch: readonly R[], signal: AbortSignal | undefined): Iterable<R> {
  for (const row of batch) {
    if (signal?.aborted) throw cancelled();
    yield row;
  }
}
