import type { FraiserDatabaseAdapter } from "../../../src/db/index.ts";
import { CONNECTIONS, type Place, type Session } from "../work.ts";

/** Fraisier's adapter, as its users have it: built. */
export async function open({ url }: Place): Promise<Session> {
  const built = new URL("../../../dist/db.js", import.meta.url).href;
  const { createAdapterFromUrl } = (await import(built)) as typeof import("../../../src/db/index.ts");
  const adapter: FraiserDatabaseAdapter = await createAdapterFromUrl(url, {
    pool: { min: CONNECTIONS, max: CONNECTIONS },
  });
  await adapter.connect();
  return {
    byKey: async (id) =>
      (await adapter.executeQuery("SELECT id, name, email, visits FROM account WHERE id = ?", [id]))[0],
    insert: (entry) => adapter.insert("entry", { ...entry }),
    read: () => adapter.executeQuery("SELECT id, name, price, ratio, active, taken_at, counter, details FROM reading"),
    insertMany: (rows) => adapter.insertMany("bulk", rows as never),
    transact: (entry) =>
      adapter.transaction(async (tx) => {
        const { account_id } = entry;
        const sql = "SELECT visits FROM account WHERE id = ?";
        const [row] = await tx.executeQuery<{ visits: number }>(sql, [account_id]);
        await tx.executeUpdate("UPDATE account SET visits = ? WHERE id = ?", [Number(row?.visits) + 1, account_id]);
        await tx.insert("entry", { ...entry });
      }),
    stream: () => adapter.stream("SELECT id, label, amount, at FROM log"),
    close: () => adapter.close(),
  };
}
