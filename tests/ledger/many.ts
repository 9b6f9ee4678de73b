import type { FraiserDatabaseAdapter, Queryable, Row } from "../../src/db/index.ts";
import { type Identity, uuid7 } from "../../src/ledger/index.ts";
import { identity, TARGET } from "./support.ts";

export const ENVIRONMENTS = ["production", "staging"] as const;
const ROWS_PER_STATEMENT = 40;

/** The nth of ten fraises. */
export const fraiseOf = (n: number): Identity => identity({ fraise: `fraise${n % 10}` });

/**
 * Writes a history of `count` deployments, one a minute, past the ledger, which would take too long. One in ten
 * failed, one in twenty is a rollback, the last one is in progress.
 *
 * @returns their ids, the oldest first
 */
export async function writeHistory(adapter: FraiserDatabaseAdapter, count: number): Promise<string[]> {
  const states = new Map<string, number>();
  const rows = Array.from({ length: count }, (_, n) => rowOf(n, n === count - 1));
  await adapter.transaction(async (tx) => {
    for (const { fraise_name, environment_name } of rows.slice(0, 20)) {
      const name = `${fraise_name}:${environment_name}`;
      const state = { id: uuid7(0), identifier: name, fraise_name, environment_name, created_at: AT, updated_at: AT };
      states.set(name, Number(await tx.insert("tb_fraise_state", state, { idColumn: "pk_fraise_state" })));
    }
    const whole = rows.map((row) => ({
      ...row,
      fk_fraise_state: states.get(`${row.fraise_name}:${row.environment_name}`),
    }));
    for (let first = 0; first < count; first += ROWS_PER_STATEMENT)
      await tx.insertMany("tb_deployment", whole.slice(first, first + ROWS_PER_STATEMENT));
  });
  return rows.map(({ id }) => id);
}

const AT = new Date(Date.UTC(2020, 0, 1));
const MINUTE = 60_000;

function rowOf(n: number, isLast: boolean) {
  const startedAt = new Date(AT.getTime() + n * MINUTE);
  const id = uuid7(startedAt.getTime());
  const hex = id.replaceAll("-", "");
  const failed = n % 10 === 3;
  return {
    id,
    identifier: id,
    id_hex: hex,
    id_hex_reversed: [...hex].reverse().join(""),
    fraise_name: fraiseOf(n).fraise,
    environment_name: ENVIRONMENTS[Math.floor(n / 10) % 2] as string,
    kind: n % 20 === 7 ? "rollback" : "deploy",
    status: isLast ? "in_progress" : failed ? "failed" : "success",
    started_at: startedAt,
    target: TARGET,
    release_id: `r${n}`,
    healthy_at: failed || isLast ? null : startedAt,
    details: {},
    created_at: startedAt,
    updated_at: startedAt,
  };
}

/** A statement as it was sent. */
export interface Sent {
  readonly text: string;
  readonly params: readonly unknown[];
}

/** Passes reading on to `adapter` and notes what it is asked. */
export function listening(adapter: FraiserDatabaseAdapter, sent: Sent[]): Queryable {
  const listener: Queryable = Object.create(adapter);
  listener.executeQuery = <R extends object = Row>(text: string, params: readonly unknown[] = []) => {
    sent.push({ text, params });
    return adapter.executeQuery<R>(text, params);
  };
  return listener;
}
