import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type FraiserDatabaseAdapter, type Queryable, SqliteAdapter } from "../../src/db/index.ts";
import { readDayCounts } from "../../src/ledger/counters.ts";
import { readEvents } from "../../src/ledger/events.ts";
import { runMigrations } from "../../src/ledger/index.ts";
import { readLease } from "../../src/ledger/lease.ts";
import { readOutput } from "../../src/ledger/output.ts";
import * as queries from "../../src/ledger/queries.ts";
import { readServiceLock } from "../../src/ledger/service-lock.ts";
import { readState, readStates } from "../../src/ledger/states.ts";
import { readSteps } from "../../src/ledger/steps.ts";
import { recentWebhooks } from "../../src/ledger/webhooks.ts";
import { fraiseOf, listening, type Sent, writeHistory } from "./many.ts";
import { TARGET } from "./support.ts";

const IS_FULL = process.env.FRAISIER_TEST_SCALE === "1";
const COUNT = IS_FULL ? 100_000 : 10_000;
/** Of the best of three, in milliseconds: a frame of a screen when measured in earnest. */
const QUICK = IS_FULL ? 100 : 1000;

const place = { identity: fraiseOf(7), target: TARGET };
const fraise = place.identity.fraise;
const environment = place.identity.environment;
const since = new Date(Date.UTC(2020, 0, 1) + (COUNT - 30) * 60_000);

interface Question {
  readonly ask: (database: Queryable, id: string) => Promise<unknown>;
  /** The index that answers it. */
  readonly by: string;
  /** Whether the rows come in another order than the index has them. */
  readonly sorts?: boolean;
}

const list = (filter: Parameters<typeof queries.listDeployments>[1]) => (database: Queryable) =>
  queries.listDeployments(database, filter);

const QUESTIONS: Readonly<Record<string, Question>> = {
  "all of history": { ask: list({}), by: "ix_deployment_started" },
  "the next page of it": {
    ask: (database, id) => queries.listDeployments(database, { after: id }),
    by: "ix_deployment_started",
  },
  "since a moment": { ask: list({ since }), by: "ix_deployment_started" },
  "of a kind": { ask: list({ kind: "rollback" }), by: "ix_deployment_started" },
  "of a fraise": { ask: list({ fraise }), by: "ix_deployment_fraise_started" },
  "of a fraise, since a moment": { ask: list({ fraise, since }), by: "ix_deployment_fraise_started" },
  "of a fraise's environment": { ask: list({ fraise, environment }), by: "ix_deployment_fraise_environment_started" },
  "the next page of that": {
    ask: (database, id) => queries.listDeployments(database, { fraise, environment, after: id }),
    by: "ix_deployment_fraise_environment_started",
  },
  "of an environment": { ask: list({ environment }), by: "ix_deployment_environment_started" },
  "with a status": { ask: list({ status: ["in_progress"] }), by: "ix_deployment_status_started" },
  "with one of some statuses": {
    ask: list({ status: ["failed", "abandoned"] }),
    by: "ix_deployment_status_started",
    sorts: true,
  },
  "a deployment by its id": {
    ask: queries.readDeploymentRow,
    by: "sqlite_autoindex_tb_deployment_1",
  },
  "a deployment by the beginning of its id": {
    ask: (database, id) => queries.findDeployments(database, id.slice(0, 13)),
    by: "ix_deployment_id_hex",
    sorts: true,
  },
  "a deployment by its short id": {
    ask: (database, id) => queries.findDeployments(database, id.slice(-8)),
    by: "ix_deployment_id_hex_reversed",
    sorts: true,
  },
  "what is not finished": {
    ask: (database) => queries.unfinishedDeployments(database, place),
    by: "ix_deployment_healthy",
    sorts: true,
  },
  "the last healthy one": { ask: (database) => queries.lastHealthy(database, place), by: "ix_deployment_healthy" },
  "the last healthy one before another": {
    ask: (database, before) => queries.lastHealthy(database, { ...place, before, excludeReleases: ["r7"] }),
    by: "ix_deployment_healthy",
  },
  "a release": {
    ask: (database) => queries.findRelease(database, { ...place, releaseId: "r107" }),
    by: "ix_deployment_release",
    sorts: true,
  },
  "all releases that were healthy": {
    ask: (database) => queries.healthyReleases(database, place),
    by: "ix_deployment_release",
    sorts: true,
  },
  "a fraise's state": {
    ask: (database) => readState(database, place.identity),
    by: "ux_fraise_state_identity",
  },
  "the states of a project": {
    ask: (database) => readStates(database, ""),
    by: "ux_fraise_state_identity",
    sorts: true, // by the job, whose NULLs the index has as ''
  },
  "the counts of some days": {
    ask: (database, id) => readDayCounts(database, { id }, "2020-01-01"),
    by: "sqlite_autoindex_tb_deployment_stat_1",
  },
  "the steps of a deployment": { ask: readSteps, by: "sqlite_autoindex_tb_deployment_step_1" },
  "the output of a deployment": {
    ask: (database, id) => readOutput(database, id, { afterSequence: 5 }),
    by: "sqlite_autoindex_tb_deployment_output_1",
  },
  "new events": { ask: (database) => readEvents(database, { afterSequence: 5 }), by: "INTEGER PRIMARY KEY" },
  "the events of a deployment": {
    ask: (database, subjectId) => readEvents(database, { subjectId }),
    by: "ix_event_subject",
  },
  "who has a lease": {
    ask: (database) => readLease(database, TARGET),
    by: "sqlite_autoindex_tb_deployment_lease_1",
  },
  "who has a lock of the older API": {
    ask: (database) => readServiceLock(database, "shop", "local", new Date()),
    by: "sqlite_autoindex_tb_deployment_lock_1",
  },
  "the last webhooks": { ask: (database) => recentWebhooks(database, 20), by: "ix_webhook_event_received" },
};

/** One history for all: to write it takes longer than every question. */
let adapter: FraiserDatabaseAdapter;
let middle: string;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "fraisier-ledger-"));
  adapter = new SqliteAdapter(`sqlite://${folder}/ledger.db?synchronous=off`);
  await runMigrations(adapter);
  middle = (await writeHistory(adapter, COUNT))[COUNT / 2] as string;
  return async () => {
    await adapter.close();
    rmSync(folder, { recursive: true });
  };
});

/** How SQLite answers a question, a line for each part. */
async function plansOf({ ask }: Question): Promise<string[]> {
  const sent: Sent[] = [];
  await ask(listening(adapter, sent), middle);
  const plans: string[] = [];
  for (const { text, params } of sent)
    for (const { detail } of await adapter.executeQuery<{ detail: string }>(`EXPLAIN QUERY PLAN ${text}`, params))
      plans.push(detail);
  return plans;
}

describe.for(Object.entries(QUESTIONS))(`with ${COUNT} deployments, %s:`, ([, question]) => {
  test(`${question.by} answers`, async () => {
    const plans = await plansOf(question);
    expect(plans).toContainEqual(expect.stringMatching(new RegExp(`USING (COVERING )?(INDEX )?${question.by}( |$)`)));
    expect(plans).not.toContainEqual(expect.stringMatching(/^SCAN \w+$|AUTOMATIC/));
    expect(plans.some((line) => line.startsWith("USE TEMP B-TREE"))).toBe(question.sorts ?? false);
  });

  test("the answer is quick", async () => {
    const times: number[] = [];
    for (let round = 0; round < 3; round++) {
      const start = performance.now();
      await question.ask(adapter, middle);
      times.push(performance.now() - start);
    }
    expect(Math.min(...times)).toBeLessThan(QUICK);
  });
});

test("no index is there for nothing: it answers a question, or finds what refers to a row", async () => {
  const indexes = await adapter.executeQuery<{ name: string; sql: string }>(
    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
  );
  expect(indexes.length).toBeGreaterThan(10);
  const answering = new Set(Object.values(QUESTIONS).map(({ by }) => by));
  expect(indexes.filter(({ name, sql }) => !answering.has(name) && !/\(fk_\w+\)$/.test(sql))).toEqual([]);
});
