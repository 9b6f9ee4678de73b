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

/** Lets go of each row that was taken: those that stay make V8 double its room for new objects, to 48 MB. */
function* rowsUntilAborted<R>(batch: (R | null)[], signal: AbortSignal | undefined): Iterable<R> {
  for (let i = 0; i < batch.length; i++) {
    if (signal?.aborted) throw cancelled();
    const row = batch[i] as R;
    batch[i] = null;
    yield row;
  }
}
