import { expect, onTestFinished, test } from "vitest";
import {
  createAdapterFromUrl,
  DATABASE_ERROR_KINDS,
  type DatabaseErrorKind,
  DriverErrorSummary,
} from "../../src/db/index.ts";
import { provoked } from "./support/canaries.ts";
import { type ContractDatabase, DATABASES, describeEachDatabase } from "./support/databases.ts";
import { failure } from "./support/expect.ts";
import { faultsOf } from "./support/faults.ts";
import { PROVOCATIONS, type Scene, schema } from "./support/provocations.ts";
import { expectValues } from "./support/watched-errors.ts";

const KINDS = Object.keys(DATABASE_ERROR_KINDS) as DatabaseErrorKind[];

/** What a server or its driver reports, so that there is an error of the driver. */
const REPORTED: readonly DatabaseErrorKind[] = [
  "unique_violation",
  "foreign_key_violation",
  "not_null_violation",
  "check_violation",
  "deadlock",
  "lock_timeout",
  "read_only",
  "syntax_error",
  "undefined_table",
  "undefined_column",
  "out_of_range",
  "too_many_connections",
  "disk_full",
  "unsupported",
  "unknown",
];

/** Those after which there is something to do that the message does not say by itself. */
const HELPFUL: readonly DatabaseErrorKind[] = [
  "acquire_timeout",
  "adapter_in_transaction",
  "authentication_failed",
  "busy",
  "commit_outcome_unknown",
  "connection_lost",
  "connection_refused",
  "pool_closed",
  "tls_failed",
  "too_many_connections",
  "transaction_ended",
];

async function setScene(database: ContractDatabase, exposeValues = false): Promise<Scene> {
  if (exposeValues) expectValues();
  const url = await database.createUrl(onTestFinished);
  const reopen: Scene["reopen"] = async (at, options) => {
    const adapter = await createAdapterFromUrl(at, { exposeValues, ...options });
    onTestFinished(() => adapter.close());
    return adapter;
  };
  const adapter = await reopen(url, { pool: { min: 0 } });
  for (const statement of schema(database)) await adapter.executeQuery(statement);
  return { database, url, adapter, reopen };
}

describeEachDatabase("an error", (_, database) => {
  const { absent, told } = faultsOf(database);
  const possible = KINDS.filter((kind) => absent[kind] === undefined);

  test.each(possible)("of the kind %s is told from others, and shows no value and no password", async (kind) => {
    const scene = await setScene(database);
    const error = await provoked(PROVOCATIONS[kind](scene));
    expect(error).toMatchObject({ kind, retryable: DATABASE_ERROR_KINDS[kind].retryable, ...told[kind] });
    expect(error.message).toMatch(/^[A-Z/].{20,}/s);
    for (const other of DATABASES.filter(({ name }) => name !== database.name))
      expect(error.message.startsWith(other.name), error.message).toBe(false);
  });

  const reported = possible.filter((kind) => REPORTED.includes(kind));
  test.each(reported)(
    "of the kind %s has the driver's own error as its cause when values may be shown",
    async (kind) => {
      const { cause } = await failure(PROVOCATIONS[kind](await setScene(database, true)));
      expect(cause).toBeInstanceOf(Error);
      expect(cause).not.toBeInstanceOf(DriverErrorSummary);
      expect(cause).toHaveProperty("code");
    },
  );

  test.each(possible.filter((kind) => HELPFUL.includes(kind)))("of the kind %s says what to do next", async (kind) => {
    const { hint } = await failure(PROVOCATIONS[kind](await setScene(database)));
    expect(hint).toMatch(/^[A-Z].{10,}/);
  });
});
