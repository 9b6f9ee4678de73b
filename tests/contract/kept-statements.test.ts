import { expect, test } from "vitest";
import { describeEachDatabase } from "./support/databases.ts";

describeEachDatabase("a kept statement", (open, { types }) => {
  test("sees the columns that a table got and lost, at once and on every connection", async () => {
    const adapter = await open();
    await adapter.executeQuery(`CREATE TABLE fruit (id ${types.countingKey}, name ${types.keyText})`);
    await adapter.insert("fruit", { name: "fig" });
    const read = () => Promise.all([1, 2, 3].map(() => adapter.executeQuery("SELECT * FROM fruit")));
    for (const rows of await read()) expect(rows).toEqual([{ id: 1, name: "fig" }]);
    await adapter.executeQuery("ALTER TABLE fruit ADD COLUMN price INT DEFAULT 3");
    for (const rows of await read()) expect(rows).toEqual([{ id: 1, name: "fig", price: 3 }]);
    await adapter.executeQuery("ALTER TABLE fruit DROP COLUMN name");
    for (const rows of await read()) expect(rows).toEqual([{ id: 1, price: 3 }]);
  });

  test("that failed when it ran for the first time is run again", async () => {
    const adapter = await open({ pool: { min: 1, max: 1 } });
    await adapter.executeQuery("CREATE TABLE fruit (id INT PRIMARY KEY)");
    const insert = () => adapter.executeUpdate("INSERT INTO fruit (id) VALUES (?)", [1]);
    await adapter.executeQuery("INSERT INTO fruit (id) VALUES (1)");
    for (let n = 0; n < 3; n++) await expect(insert()).rejects.toMatchObject({ kind: "unique_violation" });
    await adapter.executeUpdate("DELETE FROM fruit");
    expect(await insert()).toBe(1);
  });

  test("is one of many, of which the connection forgets the oldest", async () => {
    const adapter = await open({ pool: { min: 1, max: 1 } });
    const ask = (n: number) => adapter.executeQuery(`SELECT ${n} AS n`);
    for (let n = 0; n < 450; n++) expect(await ask(n)).toEqual([{ n }]);
    for (const n of [0, 100, 449]) expect(await ask(n)).toEqual([{ n }]);
  });
});
