/**
 * A process that ends by itself, if nothing that it leaves behind keeps it alive. Its argument says what it leaves: an
 * idle `pool`, an idle `adapter` on the file that follows, or a call that still `waits`.
 */
import { SqliteAdapter, systemClock } from "../../../src/db/index.ts";
import { Pool } from "../../../src/db/pool.ts";
import { TestDriver } from "./support.ts";

const [what, file = ""] = process.argv.slice(2);
const FAR = 300_000;

if (what === "adapter") {
  const adapter = new SqliteAdapter(file, { pool: { min: 0, idleTimeoutMs: FAR } });
  await adapter.executeQuery("CREATE TABLE t (id INTEGER)");
  process.stdout.write(`${adapter.poolMetrics().idleConnections > 0}`);
} else {
  const options = { min: 0, max: 1, acquireTimeoutMs: 100, idleTimeoutMs: FAR, maxLifetimeMs: FAR };
  const pool = new Pool(new TestDriver(), options, systemClock);
  const connection = await pool.acquire();
  if (what === "waits") {
    await pool.acquire().catch((error) => process.stdout.write(error.kind));
  } else {
    pool.release(connection);
    process.stdout.write(`${pool.metrics().idleConnections > 0}`);
  }
}
