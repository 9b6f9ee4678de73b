import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DatabaseErrorKind, FraiserDatabaseAdapter, Row } from "../../src/db/index.ts";
import { migrationsDirectory } from "../../src/ledger/index.ts";
import { begun, DATABASES, describeEachDatabase, ended, leaseOf, TABLES, type TestLedger } from "./support.ts";

/** A row in every table. */
async function filled(open: () => Promise<TestLedger>): Promise<TestLedger> {
  const opened = await open();
  const { ledger } = opened;
  const lease = await leaseOf(ledger);
  const undone = await ended(ledger, lease);
  const { id } = await begun(ledger, lease, { kind: "rollback", undoesDeploymentId: undone.id });
  await ledger.startStep(lease, id, { name: "build", direction: "do" });
  await ledger.appendOutput(lease, id, 1, [{ stream: "stdout", text: "", at: new Date(0) }]);
  await ledger.acquireServiceLock("shop", "local", "maria", 1000);
  const call = { provider: "gitea", type: "push", branch: null, commit: null, sender: null, payload: null };
  await ledger.linkWebhookToDeployment(await ledger.recordWebhookEvent(call), id);
  return opened;
}

/** Where each CHECK stands, and what it refuses. */
const REFUSED: Readonly<Record<(typeof TABLES)[number], readonly string[]>> = {
  tb_fraise_state: [
    "fraise_name = ''",
    "environment_name = ''",
    "job_name = ''",
    "status = 'fine'",
    "successful_deployments = -1",
    "failed_deployments = -1",
  ],
  tb_deployment: [
    "fraise_name = ''",
    "environment_name = ''",
    "job_name = ''",
    "kind = 'undo'",
    "status = 'done'",
    "duration_seconds = -0.001",
    "status = 'in_progress', completed_at = started_at",
    "fk_deployment_undone = pk_deployment, kind = 'deploy'",
  ],
  tb_deployment_step: [
    "step_order = 0",
    "name = ''",
    "direction = 'redo'",
    "outcome = 'done', ended_at = started_at",
    "outcome = 'success', ended_at = NULL",
  ],
  tb_deployment_output: ["sequence = 0", "stream = 'stdin'"],
  tb_event: ["kind = ''"],
  tb_deployment_stat: ["successes = -1", "failures = -1", "rollbacks = -1", "cancellations = -1"],
  tb_deployment_lease: ["fencing_token = 0"],
  tb_deployment_lock: [],
  tb_webhook_event: [],
};

const STATUSES: Readonly<Record<string, readonly string[]>> = {
  "tb_fraise_state.status": ["healthy", "degraded", "down", "unknown"],
  "tb_deployment.kind": ["deploy", "rollback"],
  "tb_deployment.status": [
    ...["pending", "in_progress", "success", "failed", "rolled_back", "rollback_failed"],
    ...["cancelled", "abandoned", "superseded"],
  ],
  "tb_deployment_step.direction": ["do", "undo"],
  "tb_deployment_step.outcome": ["running", "success", "failed", "cancelled", "abandoned", "skipped"],
  "tb_deployment_output.stream": ["stdout", "stderr"],
};

async function refusal(adapter: FraiserDatabaseAdapter, statement: string): Promise<DatabaseErrorKind | "nothing"> {
  return adapter.executeUpdate(statement).then(
    () => "nothing",
    (error: { kind: DatabaseErrorKind }) => error.kind,
  );
}

describeEachDatabase(
  "the database refuses",
  (open) => {
    const rules = Object.entries(REFUSED).flatMap(([table, changes]) =>
      changes.map((change) => [table, change] as const),
    );

    test.for(rules)("in %s: %s", async ([table, change]) => {
      const { adapter } = await filled(open);
      const before = await adapter.executeQuery(`SELECT * FROM ${table}`);
      expect(await refusal(adapter, `UPDATE ${table} SET ${change}`)).toBe("check_violation");
      expect(await adapter.executeQuery(`SELECT * FROM ${table}`)).toEqual(before);
    });

    test.for(Object.entries(STATUSES))("in %s what is not one of %j, and nothing else", async ([place, words]) => {
      const { adapter } = await filled(open);
      const [table = "", column = ""] = place.split(".");
      // Its neighbours would refuse some of these for reasons of their own.
      const harmless: Readonly<Record<string, string>> = {
        "tb_deployment.kind": ", fk_deployment_undone = NULL",
        "tb_deployment.status": ", completed_at = NULL",
      };
      for (const word of words) {
        const running = column === "outcome" ? `, ended_at = ${word === "running" ? "NULL" : "started_at"}` : "";
        const change = `${column} = '${word}'${harmless[place] ?? running}`;
        expect(await refusal(adapter, `UPDATE ${table} SET ${change}`), word).toBe("nothing");
      }
      for (const word of [words[0]?.toUpperCase(), ` ${words[0]}`, "", "0"]) {
        const change = `${column} = '${word}'${harmless[place] ?? ""}`;
        expect(await refusal(adapter, `UPDATE ${table} SET ${change}`), word).toBe("check_violation");
      }
    });

    test("two of what there is one of", async () => {
      const { adapter } = await filled(open);
      const copies: readonly [table: string, keep: string][] = [
        ["tb_fraise_state", "id"],
        ["tb_fraise_state", "identifier"],
        ["tb_deployment", "id"],
        ["tb_deployment", "identifier"],
        ["tb_deployment_step", "step_order"],
        ["tb_deployment_output", "sequence"],
        ["tb_deployment_stat", "day"],
        ["tb_deployment_lease", "target"],
        ["tb_deployment_lock", "service_name"],
        ["tb_webhook_event", "id"],
        ["tb_webhook_event", "identifier"],
      ];
      for (const [table, keep] of copies) {
        const [row] = await adapter.executeQuery<Row>(`SELECT * FROM ${table}`);
        const { [`pk_${table.slice(3)}`]: _key, job_key: _generated, ...copy } = row ?? {};
        for (const other of ["id", "identifier"])
          if (other !== keep && other in copy) copy[other] = "0198a000-0000-7000-8000-000000000000";
        if (table === "tb_fraise_state") copy.fraise_name = "another";
        const insert = adapter.insert(table, copy, { idColumn: `pk_${table.slice(3)}` });
        await expect(insert, `${table}.${keep}`).rejects.toMatchObject({ kind: "unique_violation" });
      }
    });
  },
  DATABASES,
);

describeEachDatabase(
  "a row that another one refers to",
  (open) => {
    const REFERENCES = [
      ["tb_fraise_state", "fk_deployment_current"],
      ["tb_deployment", "fk_fraise_state"],
      ["tb_deployment", "fk_deployment_undone"],
      ["tb_deployment_step", "fk_deployment"],
      ["tb_deployment_output", "fk_deployment"],
      ["tb_deployment_stat", "fk_fraise_state"],
      ["tb_deployment_lease", "fk_deployment"],
      ["tb_webhook_event", "fk_deployment"],
    ] as const;

    test.for(REFERENCES)("%s.%s is there, and stays", async ([table, column]) => {
      const { adapter } = await filled(open);
      expect(await refusal(adapter, `UPDATE ${table} SET ${column} = 4711 WHERE ${column} IS NOT NULL`)).toBe(
        "foreign_key_violation",
      );
      const referred = column.startsWith("fk_deployment") ? "tb_deployment" : "tb_fraise_state";
      // Twice, since MySQL does not read the table that it deletes from.
      const used = `SELECT used FROM (SELECT ${column} AS used FROM ${table} WHERE ${column} IS NOT NULL) AS uses`;
      expect(await refusal(adapter, `DELETE FROM ${referred} WHERE pk_${referred.slice(3)} IN (${used})`)).toBe(
        "foreign_key_violation",
      );
    });

    test("is in the table above, for each column of a foreign key", async () => {
      const { adapter } = await open();
      const columns: string[] = [];
      for (const table of TABLES) {
        const { columns: names } = await adapter.execute(`SELECT * FROM ${table}`);
        for (const name of names) if (name.startsWith("fk_")) columns.push(`${table}.${name}`);
      }
      expect(columns.sort()).toEqual(REFERENCES.map((reference) => reference.join(".")).sort());
    });
  },
  DATABASES,
);

test.for(readdirSync(migrationsDirectory()))("each CHECK of migrations/%s is tried above", (folder) => {
  const directory = join(migrationsDirectory(), folder);
  const sql = readdirSync(directory).map((name) => readFileSync(join(directory, name), "utf8"));
  const tables = sql.flatMap((text) => [...text.matchAll(/CREATE TABLE (\w+) \((.*?)\n\)/gs)]);
  const found = tables.map(([, table, body]) => [table, body?.match(/\bCHECK\b/g)?.length ?? 0]);
  expect(Object.fromEntries(found)).toEqual(
    Object.fromEntries(Object.entries(REFUSED).map(([table, changes]) => [table, changes.length])),
  );
});

describeEachDatabase(
  "what must have a value",
  (open) => {
    test.for<[table: (typeof TABLES)[number], columns: string]>([
      ["tb_fraise_state", "id identifier project_name fraise_name environment_name status successful_deployments"],
      ["tb_fraise_state", "failed_deployments created_at updated_at"],
      ["tb_deployment", "id identifier id_hex id_hex_reversed fk_fraise_state project_name fraise_name"],
      ["tb_deployment", "environment_name kind status started_at created_at updated_at"],
      ["tb_deployment_step", "fk_deployment step_order name direction started_at outcome"],
      ["tb_deployment_output", "fk_deployment step_order sequence written_at stream text"],
      ["tb_event", "occurred_at kind subject_id data"],
      ["tb_deployment_stat", "fk_fraise_state day successes failures rollbacks cancellations total_seconds"],
      ["tb_deployment_lease", "target fencing_token"],
      ["tb_deployment_lock", "service_name provider_name locked_at expires_at"],
      ["tb_webhook_event", "id identifier received_at event_type git_provider processed created_at updated_at"],
    ])("%s: %s", async ([table, columns]) => {
      const { adapter } = await filled(open);
      for (const column of columns.split(" "))
        expect(await refusal(adapter, `UPDATE ${table} SET ${column} = NULL`), column).toBe("not_null_violation");
    });
  },
  DATABASES,
);
