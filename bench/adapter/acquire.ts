/** A fresh process: how long it takes to get a free connection out of the pool. Prints the 99th percentile in microseconds. */
import { performance } from "node:perf_hooks";
import { systemClock } from "../../src/db/index.ts";
import { Pool } from "../../src/db/pool.ts";
import { quantile } from "../measure/statistics.ts";
import { CONNECTIONS } from "./work.ts";

const WARM_UP = 20_000;
const CALLS = 200_000;

const pool = new Pool<object>(
  { open: async () => ({}), validate: async () => true, close: async () => {} },
  {
    min: CONNECTIONS,
    max: CONNECTIONS,
    acquireTimeoutMs: 10_000,
    idleTimeoutMs: Number.POSITIVE_INFINITY,
    maxLifetimeMs: Number.POSITIVE_INFINITY,
  },
  systemClock,
);
await pool.fill();
const times = new Float64Array(CALLS);
for (let call = -WARM_UP; call < CALLS; call++) {
  const started = performance.now();
  const connection = await pool.acquire();
  times[Math.max(0, call)] = performance.now() - started;
  pool.release(connection);
}
await pool.close();
process.stdout.write(JSON.stringify(quantile([...times], 0.99) * 1000));
