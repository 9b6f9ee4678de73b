import type { FraiserDatabaseAdapter, Queryable } from "../db/index.ts";
import { fenced } from "./lease.ts";
import type { Lease, OutputChunk } from "./model.ts";
import { keyOf } from "./steps.ts";
import { storable } from "./text.ts";
import { idToFind } from "./uuid7.ts";

/** What a step printed; whole lines, masked already. */
export type NewOutput = Pick<OutputChunk, "stream" | "text" | "at">;

/** Appends what a step printed, in one transaction. @throws LeaseLostError, IllegalTransitionError */
export function appendOutput(
  adapter: FraiserDatabaseAdapter,
  lease: Lease,
  deploymentId: string,
  step: number,
  chunks: readonly NewOutput[],
): Promise<void> {
  return fenced(adapter, lease, async (tx) => {
    const deployment = await keyOf(tx, deploymentId, "in_progress");
    const [last] = await tx.executeQuery<{ last: number | null }>(
      "SELECT MAX(sequence) AS last FROM tb_deployment_output WHERE fk_deployment = ?",
      [deployment],
    );
    const first = Number(last?.last ?? 0) + 1;
    const rows = chunks.map(({ stream, text, at }, index) => ({
      fk_deployment: deployment,
      step_order: step,
      sequence: first + index,
      written_at: at,
      stream,
      text: storable(text),
    }));
    await tx.insertMany("tb_deployment_output", rows);
  });
}

/** Which output of a deployment is asked for. */
export interface OutputFilter {
  /** That after this chunk. Default 0: from the beginning. */
  readonly afterSequence?: number;
  /** At most so many chunks; default 1000. */
  readonly limit?: number;
}

/** What the steps of a deployment printed, in order. */
export async function readOutput(
  database: Queryable,
  deploymentId: string,
  { afterSequence = 0, limit = 1000 }: OutputFilter,
): Promise<OutputChunk[]> {
  const rows = await database.executeQuery<{
    step_order: number;
    sequence: number;
    written_at: Date;
    stream: OutputChunk["stream"];
    text: string;
  }>(
    `SELECT step_order, sequence, written_at, stream, text FROM tb_deployment_output
     WHERE fk_deployment = (SELECT pk_deployment FROM tb_deployment WHERE id = ?) AND sequence > ? ORDER BY sequence LIMIT ?`,
    [idToFind(deploymentId), afterSequence, limit],
  );
  return rows.map((row) => ({
    step: row.step_order,
    sequence: row.sequence,
    at: row.written_at,
    stream: row.stream,
    text: row.text,
  }));
}
