import { expect, test } from "vitest";
import { describeEachDatabase } from "./support/databases.ts";

describeEachDatabase("a transaction", (open, { types }) => {
  test("keeps what it did when its work returns", async () => {
    const adapter = await open();
    await adapter.executeQuery(`CREATE TABLE account (id ${types.countingKey}, balance ${types.integer})`);
    const id = await adapter.transaction((tx) => tx.insert("account", { balance: 5 }));
    expect(await adapter.executeQuery("SELECT balance FROM account WHERE id = ?", [id])).toEqual([{ balance: 5 }]);
  });
});
