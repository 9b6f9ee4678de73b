import { expect, test } from "vitest";
import { inspectDatabase, migrateDatabase, openLedger } from "../../src/ledger/index.ts";
import { temporaryFolder } from "./support.ts";

test.each([["postgresql://shop:hunter2@127.0.0.1:1/shop"], ["mysql://shop:hunter2@127.0.0.1:1/shop"]])(
  "a ledger in %s is refused by name, before anything is connected",
  async (url) => {
    const place = { directory: temporaryFolder(), env: { FRAISIER_DB_URL: url } };
    for (const call of [
      () => openLedger({ ...place, mode: "write" }),
      () => openLedger({ ...place, mode: "read" }),
      () => inspectDatabase(place),
      () => migrateDatabase(place),
    ]) {
      await expect(call()).rejects.toMatchObject({
        kind: "unsupported",
        message: expect.stringContaining("shop:***@127.0.0.1:1/shop"),
        hint: expect.stringContaining("sqlite://"),
      });
    }
  },
);
