import { rmSync } from "node:fs";
import { basename } from "node:path";
import {
  type Clock,
  type FraiserDatabaseAdapter,
  type MigrationOptions,
  type MigrationRunner,
  type Queryable,
  systemClock,
  type Transaction,
} from "../../db/index.ts";
import { LedgerSchemaError } from "../errors.ts";
import { writeEvent } from "../events.ts";
import { backUp, backupName } from "./backup.ts";
import { bringOver } from "./bring-over.ts";
import { type AdoptionPlan, examine } from "./examine.ts";
import { look } from "./look.ts";
import { Problems } from "./problems.ts";
import { allowReplacing, continueKeys, dropAside, setAside } from "./set-aside.ts";
import { hasPythonShape, sqliteFileOf } from "./shape.ts";
import { TimeZone } from "./time-zone.ts";

/** What an adoption can be given. */
export interface AdoptionOptions {
  /** The zone by which times without one are read, as the IANA names it. Default: this machine's. */
  readonly timezone?: string;
  readonly clock?: Clock;
  /** Called for each row that is brought over. */
  readonly onAdopting?: (rows: number, total: number) => void;
}

/** What an adoption did, or would do. */
export interface AdoptionReport extends AdoptionPlan {
  /** The copy of the file as it was; in a plan, with `<time>` in its name. */
  readonly backup: string;
}

/** Whether a database is a file of the Python Fraisier in a shape that is known. Changes nothing. */
export async function isPythonLedger(adapter: FraiserDatabaseAdapter): Promise<boolean> {
  return sqliteFileOf(adapter) !== null && (await look(adapter, hasPythonShape));
}

/**
 * Finds out what {@link adoptPythonLedger} would do. Changes nothing.
 *
 * @returns null for a database that is no file of the Python Fraisier
 * @throws UnknownTimeZoneError; LedgerSchemaError when it cannot be adopted; DatabaseError
 */
export async function planAdoption(
  adapter: FraiserDatabaseAdapter,
  { timezone, clock = systemClock }: AdoptionOptions = {},
): Promise<AdoptionReport | null> {
  if (timezone !== undefined) new TimeZone(timezone); // a wrong one is told whatever the database is
  const file = sqliteFileOf(adapter);
  if (file === null) return null;
  const plan = async (tx: Queryable) =>
    (await hasPythonShape(tx)) ? examine(tx, new TimeZone(timezone), new Date(clock.now())) : null;
  // One snapshot of all rows: another process may be adopting it at this moment.
  const found = await look(adapter, (database) => database.transaction(plan, { readOnly: true }));
  return found && { ...found, backup: backupName(file, "python", "<time>") };
}

/**
 * Brings a file of the Python Fraisier to today's schema: looks at every row first, copies the file beside itself, and does
 * all of it in one transaction. Every row and every UUID is kept, and so are tables that are not Fraisier's own, among
 * them `deployment_locks` and `fraisier_audit_log`. Its own indexes and views go; today's take their place.
 *
 * @returns null for a database that is no such file, or is none any more since another process was first
 * @throws UnknownTimeZoneError; LedgerSchemaError when it cannot be adopted, before anything is changed; MigrationError, DatabaseError
 */
export async function adoptPythonLedger(
  adapter: FraiserDatabaseAdapter,
  runner: MigrationRunner,
  options: AdoptionOptions & Pick<MigrationOptions, "onApplied"> = {},
): Promise<(AdoptionReport & { readonly applied: readonly string[] }) | null> {
  if ((await planAdoption(adapter, options)) === null) return null;
  const adopted = await adapter.session(async (session) => {
    await allowReplacing(session);
    return runner.transaction(session, (tx) => adoptWithin(tx, sqliteFileOf(adapter) as string, runner, options));
  });
  for (const { name, durationMs } of adopted?.migrations ?? []) options.onApplied?.(name, durationMs, "up");
  return adopted && { ...adopted.report, applied: adopted.migrations.map(({ name }) => name) };
}

async function adoptWithin(
  tx: Transaction,
  file: string,
  runner: MigrationRunner,
  { timezone, clock = systemClock, onAdopting }: AdoptionOptions,
): Promise<{
  readonly report: AdoptionReport;
  readonly migrations: Awaited<ReturnType<MigrationRunner["applyWithin"]>>;
} | null> {
  if (!(await hasPythonShape(tx))) return null;
  const now = new Date(clock.now());
  const zone = new TimeZone(timezone);
  const plan = await examine(tx, zone, now); // of what nobody else can change any more
  const backup = await backUp(file, "python", now);
  try {
    await setAside(tx);
    const migrations = await runner.applyWithin(tx);
    await continueKeys(tx);
    await writeEvent(tx, now, "ledger.adopted", "ledger", { from: "python", ...plan, backup: basename(backup) });
    const total = plan.fraises + plan.deployments + plan.webhookEvents + plan.locks + plan.staleLocks;
    let rows = 0;
    const problems = new Problems();
    await bringOver({ tx, zone, now, problems, onRow: () => onAdopting?.(++rows, total) });
    problems.assertNone();
    await dropAside(tx);
    await assertLinked(tx);
    return { report: { ...plan, backup }, migrations };
  } catch (error) {
    rmSync(backup, { force: true }); // nothing was changed that it would be a copy of
    throw error;
  }
}

/** Foreign keys are not watched while tables are replaced. */
async function assertLinked(tx: Queryable): Promise<void> {
  for (const table of ["tb_fraise_state", "tb_deployment", "tb_deployment_stat", "tb_webhook_event"]) {
    const [broken] = await tx.executeQuery(`PRAGMA foreign_key_check(${table})`);
    if (broken !== undefined)
      throw new LedgerSchemaError("schema_invalid_rows", `The rows of ${table} would name others that do not exist.`, {
        hint: "This is a mistake of Fraisier's; nothing was changed. Report it.",
      });
  }
}
