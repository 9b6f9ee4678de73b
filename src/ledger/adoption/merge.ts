import { rmSync } from "node:fs";
import { type FraiserDatabaseAdapter, type MigrationRunner, type Queryable, systemClock } from "../../db/index.ts";
import type { AdoptionOptions } from "./adopt.ts";
import { backUp } from "./backup.ts";
import { type AdoptedState, convertState } from "./convert.ts";
import { findDuplicates } from "./duplicates.ts";
import { checkStorage } from "./examine.ts";
import { look } from "./look.ts";
import { Problems } from "./problems.ts";
import { type PythonState, rowsOf } from "./rows.ts";
import { hasPythonShape, sqliteFileOf } from "./shape.ts";
import { TimeZone } from "./time-zone.ts";

/** What had several state rows, and has one now. */
export interface MergedFraise {
  readonly fraise: string;
  readonly environment: string;
  readonly job: string | null;
  /** The id of the row that stayed. */
  readonly kept: string;
  /** The ids of those that went. */
  readonly removed: readonly string[];
  /** How many deployments belonged to those that went, and belong to the one that stayed now. */
  readonly deployments: number;
}

/** What a merge did. */
export interface MergeReport {
  /** The copy of the file as it was; null when nothing was to be merged. */
  readonly backup: string | null;
  readonly merged: readonly MergedFraise[];
}

const NOTHING: MergeReport = { backup: null, merged: [] };

/**
 * Leaves one state row of each fraise's environment (or job of it) in a Python Fraisier's file: the one that was written
 * last. The deployments of the others become its own. The file is copied beside itself first, and everything is one
 * transaction. A database that is no such file has nothing to be merged.
 *
 * @throws UnknownTimeZoneError; LedgerSchemaError `schema_invalid_rows`, before anything is changed; MigrationError, DatabaseError
 */
export async function mergePythonDuplicates(
  adapter: FraiserDatabaseAdapter,
  runner: MigrationRunner,
  { timezone, clock = systemClock }: Pick<AdoptionOptions, "timezone" | "clock">,
): Promise<MergeReport> {
  const zone = new TimeZone(timezone);
  const file = sqliteFileOf(adapter);
  const find = (database: Queryable) => groupsIn(database, zone);
  // One snapshot of all rows: another process may be merging them at this moment.
  const found = await look(adapter, (database) => database.transaction(find, { readOnly: true }));
  if (file === null || found.length === 0) return NOTHING;
  return adapter.session((session) =>
    runner.transaction(session, async (tx) => {
      const groups = await groupsIn(tx, zone);
      if (groups.length === 0) return NOTHING; // another process was first
      const backup = await backUp(file, "duplicates", new Date(clock.now()));
      try {
        const merged: MergedFraise[] = [];
        for (const group of groups) merged.push(await merge(tx, group));
        return { backup, merged };
      } catch (error) {
        rmSync(backup, { force: true }); // nothing was changed that it would be a copy of
        throw error;
      }
    }),
  );
}

type Candidate = PythonState & Pick<AdoptedState, "updatedAt">;

/** The rows of each that has several, newest first. */
async function groupsIn(database: Queryable, zone: TimeZone): Promise<Candidate[][]> {
  if (!(await hasPythonShape(database)) || (await findDuplicates(database)).length === 0) return [];
  const problems = new Problems();
  await checkStorage(database, problems);
  problems.assertNone();
  const groups = new Map<string, Candidate[]>();
  for await (const row of rowsOf(database, "tb_fraise_state")) {
    const key = JSON.stringify([row.fraise_name, row.environment_name, row.job_name]);
    const { updatedAt } = convertState(row, zone, problems);
    groups.set(key, [...(groups.get(key) ?? []), { ...row, updatedAt }]);
  }
  problems.assertNone();
  return [...groups.values()]
    .filter((rows) => rows.length > 1)
    .map((rows) =>
      rows.sort((a, b) => b.updatedAt.getTime() - a.updatedAt.getTime() || b.pk_fraise_state - a.pk_fraise_state),
    );
}

async function merge(tx: Queryable, [kept, ...others]: readonly Candidate[]): Promise<MergedFraise> {
  const { pk_fraise_state: own, id, fraise_name, environment_name, job_name } = kept as Candidate;
  let deployments = 0;
  for (const { pk_fraise_state: other } of others) {
    deployments += await tx.executeUpdate("UPDATE tb_deployment SET fk_fraise_state = ? WHERE fk_fraise_state = ?", [
      own,
      other,
    ]);
    await tx.executeUpdate("DELETE FROM tb_fraise_state WHERE pk_fraise_state = ?", [other]);
  }
  const removed = others.map((other) => other.id.toLowerCase());
  const place = { fraise: fraise_name, environment: environment_name, job: job_name };
  return { ...place, kept: id.toLowerCase(), removed, deployments };
}
