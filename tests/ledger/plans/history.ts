import type { FraiserDatabaseAdapter } from "../../../src/db/index.ts";
import { uuid7 } from "../../../src/ledger/index.ts";
import { TARGET } from "../support.ts";

const FRAISES = 10;
const ENVIRONMENTS = ["production", "staging"] as const;
const ROWS_PER_STATEMENT = 100;
const AT = Date.UTC(2020, 0, 1);
const MINUTE = 60_000;
const DAYS = 200;

/** The nth day of the counts, the first one of 2020. */
const dayOf = (n: number): string => new Date(AT + n * 24 * 60 * MINUTE).toISOString().slice(0, 10);

/** What a history has that can be asked for. */
export interface History {
  readonly count: number;
  /** The id of a deployment in the middle of it. */
  readonly middle: string;
  /** The id of its only deployment of another project, fraise, environment, target and status. */
  readonly rare: string;
}

/**
 * Writes a history of `count` deployments, one a minute, past the ledger, which would take too long. One in ten failed,
 * one in twenty is a rollback, the last one is in progress; one in the middle is rare in every respect. Each has steps,
 * output, events and a webhook.
 */
export async function writeHistory(adapter: FraiserDatabaseAdapter, count: number): Promise<History> {
  const rare = Math.floor(count / 2) + 1;
  const rows = Array.from({ length: count }, (_, n) => ({ ...rowOf(n, count), ...(n === rare && RARE) }));
  await adapter.transaction(async (tx) => {
    const states = new Map<string, number>();
    const nameOf = ({ fraise_name, environment_name }: (typeof rows)[number]) => `${fraise_name}:${environment_name}`;
    for (const row of rows) {
      const name = nameOf(row);
      if (states.has(name)) continue;
      const { project_name, fraise_name, environment_name, created_at, updated_at } = row;
      const state = {
        id: uuid7(0),
        identifier: name,
        project_name,
        fraise_name,
        environment_name,
        successful_deployments: 1,
        created_at,
        updated_at,
      };
      states.set(name, Number(await tx.insert("tb_fraise_state", state, { idColumn: "pk_fraise_state" })));
    }
    const whole = rows.map((row) => ({ ...row, fk_fraise_state: states.get(nameOf(row)) }));
    for (let first = 0; first < count; first += ROWS_PER_STATEMENT)
      await tx.insertMany("tb_deployment", whole.slice(first, first + ROWS_PER_STATEMENT));
    const days = [...states.values()].flatMap((state) =>
      Array.from({ length: DAYS }, (_, n) => ({ fk_fraise_state: state, day: dayOf(n), successes: 1 })),
    );
    await tx.insertMany("tb_deployment_stat", days);
    for (const statement of WHAT_BELONGS_TO_THEM) await tx.executeUpdate(statement);
  });
  return { count, middle: rows[Math.floor(count / 2)]?.id as string, rare: rows[rare]?.id as string };
}

/** What one deployment has, and no other. */
export const RARE = {
  project_name: "bakery",
  fraise_name: "oven",
  environment_name: "attic",
  target: "local:fedcba9876543210",
  status: "superseded",
  kind: "deploy",
  healthy_at: null,
};

/** When the nth deployment started. */
export const startOf = (n: number): Date => new Date(AT + n * MINUTE);

function rowOf(n: number, count: number) {
  const startedAt = startOf(n);
  const id = uuid7(startedAt.getTime());
  const hex = id.replaceAll("-", "");
  const isLast = n === count - 1;
  const failed = n % 10 === 3;
  return {
    id,
    identifier: id,
    id_hex: hex,
    id_hex_reversed: [...hex].reverse().join(""),
    project_name: "",
    fraise_name: `fraise${n % FRAISES}`,
    environment_name: ENVIRONMENTS[Math.floor(n / FRAISES) % 2] as string,
    kind: n % 20 === 7 ? "rollback" : "deploy",
    status: isLast ? "in_progress" : failed ? "failed" : "success",
    started_at: startedAt,
    completed_at: isLast ? null : startedAt,
    target: TARGET,
    release_id: `r${n}`,
    healthy_at: failed || isLast ? null : startedAt,
    details: {},
    created_at: startedAt,
    updated_at: startedAt,
  };
}

/** The rest of the history, made of the deployments by the database itself. */
const WHAT_BELONGS_TO_THEM: readonly string[] = [
  "UPDATE tb_deployment SET fk_deployment_undone = pk_deployment - 1 WHERE kind = 'rollback'",
  ...[1, 2].map(
    (order) => `INSERT INTO tb_deployment_step (fk_deployment, step_order, name, started_at, ended_at, outcome)
      SELECT pk_deployment, ${order}, 'build', started_at, started_at, 'success' FROM tb_deployment`,
  ),
  ...[1, 2].map(
    (sequence) => `INSERT INTO tb_deployment_output (fk_deployment, step_order, sequence, written_at, stream, text)
      SELECT pk_deployment, 1, ${sequence}, started_at, 'stdout', 'built' FROM tb_deployment`,
  ),
  ...["deployment.created", "deployment.success"].map(
    (kind) => `INSERT INTO tb_event (occurred_at, kind, subject_id, data)
      SELECT started_at, '${kind}', CAST(id AS CHAR(36)), '{}' FROM tb_deployment`,
  ),
  `INSERT INTO tb_webhook_event (id, identifier, fk_deployment, received_at, event_type, git_provider, created_at, updated_at)
   SELECT id, identifier, pk_deployment, started_at, 'push', 'gitea', started_at, started_at FROM tb_deployment`,
];
