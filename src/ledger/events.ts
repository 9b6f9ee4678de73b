import type { Queryable } from "../db/index.ts";
import type { LedgerEvent } from "./model.ts";
import { storableJson } from "./text.ts";

/** Writes an event; always in the transaction of the change that it tells of. */
export async function writeEvent(
  tx: Queryable,
  at: Date,
  kind: string,
  subjectId: string,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  await tx.executeUpdate("INSERT INTO tb_event (occurred_at, kind, subject_id, data) VALUES (?, ?, ?, ?)", [
    at,
    kind,
    subjectId,
    storableJson(data),
  ]);
}

/** Which events are asked for, oldest first. */
export interface EventFilter {
  /** Those after this one. Default 0: from the beginning. */
  readonly afterSequence?: number;
  /** Those of one deployment or target. */
  readonly subjectId?: string;
  /** At most so many; default 100. */
  readonly limit?: number;
}

export async function readEvents(
  database: Queryable,
  { afterSequence = 0, subjectId, limit = 100 }: EventFilter,
): Promise<LedgerEvent[]> {
  const subject = subjectId === undefined ? "" : " AND subject_id = ?";
  const params = [afterSequence, ...(subjectId === undefined ? [] : [subjectId]), limit];
  const rows = await database.executeQuery<{
    pk_event: number;
    occurred_at: Date;
    kind: string;
    subject_id: string;
    data: Record<string, unknown>;
  }>(
    `SELECT pk_event, occurred_at, kind, subject_id, data FROM tb_event WHERE pk_event > ?${subject} ORDER BY pk_event LIMIT ?`,
    params,
  );
  return rows.map((row) => ({
    sequence: row.pk_event,
    at: row.occurred_at,
    kind: row.kind,
    subjectId: row.subject_id,
    data: row.data,
  }));
}
