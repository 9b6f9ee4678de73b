/**
 * How each database answers each query of the ledger, by its own account: never by reading through a table that grows,
 * nor by sorting all of history for a page of it.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { DatabaseType, Queryable } from "../../src/db/index.ts";
import { Ledger } from "../../src/ledger/index.ts";
import { type FilledLedger, fillLedger } from "./plans/filled.ts";
import type { Question } from "./plans/questions.ts";
import { complaintsOf } from "./plans/rules.ts";

const IS_FULL = process.env.FRAISIER_TEST_SCALE === "1";
/** By default so many that the servers choose as they do for a hundred thousand. */
const COUNT = IS_FULL ? 100_000 : 10_000;

const KINDS = [
  ["SQLite", null],
  ["PostgreSQL", "postgresql"],
  ["MariaDB", "mariadb"],
  ["MySQL", "mysql"],
] as const;

describe.each(KINDS)(`%s, with ${COUNT} deployments`, (_name, kind) => {
  let filled: FilledLedger;
  let type: DatabaseType;

  beforeAll(async () => {
    filled = await fillLedger(kind, COUNT);
    type = filled.adapter.databaseType();
    return () => filled.close();
  }, 300_000);

  async function complaints(questions: readonly Question[], database: Queryable = filled.adapter): Promise<string[]> {
    const found: string[] = [];
    for (const question of questions) found.push(...(await complaintsOf(database, type, question)));
    return found;
  }

  test("finds lists of what many deployments have, with each combination of filters", async () => {
    expect(filled.lists.common).toHaveLength(2 ** 8);
    expect(await complaints(filled.lists.common)).toEqual([]);
  });

  test("finds lists of what few have", async () => {
    expect(await complaints(filled.lists.rare)).toEqual([]);
  });

  test("finds everything else that the ledger asks for", async () => {
    const asked = new Set(["listDeployments", ...filled.rest.map(({ name }) => name.split(" ")[0])]);
    const methods = Object.getOwnPropertyNames(Ledger.prototype).filter((name) => name !== "constructor");
    expect([...asked].sort()).toEqual(methods.sort());
    const inserting = filled.rest.filter(({ sent }) => sent.length === 0).map(({ name }) => name);
    expect(inserting).toEqual(["recordWebhookEvent"]); // which looks for nothing
    expect(await complaints(filled.rest)).toEqual([]);
  });
});
