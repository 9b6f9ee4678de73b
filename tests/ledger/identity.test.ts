import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createAdapterFromUrl } from "../../src/db/index.ts";
import { type Identity, Ledger } from "../../src/ledger/index.ts";
import { identifierOf } from "../../src/ledger/states.ts";
import { DATABASES, describeEachDatabase, ended, identity, leaseOf, newDeployment } from "./support.ts";

/** Pairs that a database with another collation, or a UNIQUE with a NULL in it, would take for the same or not. */
const DIFFERENT: readonly [Partial<Identity>, Partial<Identity>][] = [
  [{ fraise: "étl" }, { fraise: "etl" }],
  [{ fraise: "Shop" }, { fraise: "shop" }],
  [{ fraise: "straße" }, { fraise: "strasse" }],
  [{ fraise: "shop" }, { fraise: "shop " }],
  [{ fraise: "ﬁ" }, { fraise: "fi" }],
  [{ fraise: "10" }, { fraise: "010" }],
  [{ environment: "production" }, { environment: "Production" }],
  [{ environment: "a" }, { environment: "á" }],
  [{ project: "" }, { project: "shop" }],
  [{ project: "Café" }, { project: "Cafe" }],
  [{ job: null }, { job: "nightly" }],
  [{ job: "Nightly" }, { job: "nightly" }],
  [
    { fraise: "a", environment: "b", job: "c" },
    { fraise: "a:b", environment: "c", job: null },
  ],
  [
    { project: "a/b", fraise: "c" },
    { project: "a", fraise: "b/c" },
  ],
];

describeEachDatabase(
  "what is deployed",
  (open) => {
    test.for(DIFFERENT)("is not the same: %j and %j", async ([one, other]) => {
      const { ledger } = await open();
      const lease = await leaseOf(ledger);
      await ended(ledger, lease, { ...one, newVersion: "v1" });
      expect(await ledger.getState(identity(other))).toBeNull();
      await ended(ledger, lease, { ...other, newVersion: "v2" });
      expect(await ledger.getState(identity(one))).toMatchObject({ ...identity(one), currentVersion: "v1" });
      expect(await ledger.getState(identity(other))).toMatchObject({ ...identity(other), currentVersion: "v2" });
      expect(await ledger.listStates()).toHaveLength(2);
    });

    test.for([{}, { job: "nightly" }, { project: "bakery", fraise: "étl" }])(
      "is the same, however often it is deployed: %j",
      async (parts) => {
        const { ledger } = await open();
        const lease = await leaseOf(ledger);
        for (let index = 0; index < 3; index++) await ended(ledger, lease, parts);
        expect(await ledger.listStates()).toMatchObject([{ ...identity(parts), successfulDeployments: 3 }]);
      },
    );

    test("can be there only once: the database itself sees to it, without a job too", async () => {
      const { ledger, adapter } = await open();
      for (const job of [null, "nightly"]) {
        await ledger.createDeployment(newDeployment({ job }));
        const state = await ledger.getState(identity({ job }));
        const row = { id: "0198a000-0000-7000-8000-000000000000", identifier: "another", created_at: new Date() };
        const same = { project_name: "", fraise_name: "shop", environment_name: "production", job_name: job };
        await expect(
          adapter.insert("tb_fraise_state", { ...row, ...same, updated_at: new Date() }),
        ).rejects.toMatchObject({ kind: "unique_violation" });
        expect(await ledger.getState(identity({ job }))).toEqual(state);
      }
    });

    test("has the empty project unless one is given, and never NULL", async () => {
      const { adapter } = await open();
      const row = { identifier: "x", fraise_name: "x", environment_name: "x", created_at: new Date() };
      await adapter.insert("tb_fraise_state", {
        ...row,
        id: "0198a000-0000-7000-8000-000000000000",
        updated_at: new Date(),
      });
      expect(await adapter.executeQuery("SELECT project_name FROM tb_fraise_state")).toEqual([{ project_name: "" }]);
      await expect(adapter.executeUpdate("UPDATE tb_fraise_state SET project_name = NULL")).rejects.toMatchObject({
        kind: "not_null_violation",
      });
    });

    test("is listed by project, in the order of its names", async () => {
      const { ledger } = await open();
      for (const parts of [
        { fraise: "shop" },
        { fraise: "blog", environment: "staging" },
        { fraise: "blog", job: "nightly" },
        { fraise: "blog" },
        { project: "bakery", fraise: "ovens" },
      ])
        await ledger.createDeployment(newDeployment(parts));
      const names = async (project?: string) => (await ledger.listStates(project)).map(({ identifier }) => identifier);
      const own = ["blog:production", "blog:production:nightly", "blog:staging", "shop:production"];
      expect(await names()).toEqual([...own, "bakery/ovens:production"]);
      expect(await names("")).toEqual(own);
      expect(await names("bakery")).toEqual(["bakery/ovens:production"]);
      expect(await names("Bakery")).toEqual([]);
    });
  },
  DATABASES,
);

test("two identities never have one identifier", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "b", ":", "/", "%", "3", "A", "é"), minLength: 1, maxLength: 3 });
  const any = fc.record({
    project: fc.oneof(fc.constant(""), name),
    fraise: name,
    environment: name,
    job: fc.option(name),
  });
  fc.assert(
    fc.property(any, any, (one, other) => {
      const same = (["project", "fraise", "environment", "job"] as const).every((key) => one[key] === other[key]);
      expect(identifierOf(one) === identifierOf(other)).toBe(same);
    }),
    { numRuns: 2000 },
  );
});

describeEachDatabase(
  "a fraise that is deployed for the first time by many at once",
  (open) => {
    const MANY = process.env.FRAISIER_TEST_SCALE === "1" ? 50 : 10;

    test("is one, when they are connections of one process", async () => {
      const { url, ledger } = await open();
      const adapters = await Promise.all(Array.from({ length: 4 }, () => createAdapterFromUrl(url)));
      const ledgers = adapters.map((adapter) => new Ledger(adapter));
      await Promise.all(
        Array.from({ length: MANY }, (_, index) => ledgers[index % 4]?.createDeployment(newDeployment())),
      );
      await Promise.all(adapters.map((adapter) => adapter.close()));
      expect(await ledger.listStates()).toHaveLength(1);
      expect(await ledger.listDeployments({ limit: 1000 })).toHaveLength(MANY);
    });

    test("is one, when they are processes", { timeout: 60_000 }, async () => {
      const { url, ledger } = await open();
      const script = join(import.meta.dirname, "create.ts");
      const run = promisify(execFile);
      const printed = await Promise.all(
        Array.from({ length: 4 }, async () => (await run(process.execPath, [script, url, String(MANY)])).stdout),
      );
      const ids = printed.flatMap((text) => JSON.parse(text) as string[]);
      expect(new Set(ids).size).toBe(4 * MANY);
      const listed = await ledger.listDeployments({ limit: 1000 });
      expect(listed.map(({ id }) => id).sort()).toEqual(ids.sort());
      expect(new Set((await ledger.listStates()).map(({ fraise }) => fraise)).size).toBe(MANY);
      expect(await ledger.listStates()).toHaveLength(MANY);
    });
  },
  DATABASES,
);
