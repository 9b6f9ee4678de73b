import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { Pool } from "./pool.ts";
import type { PoolOptions } from "./pool-types.ts";

/** A pool of connections to a database, each made by `open`, which says by `lost` when one breaks. */
export function connectionPool(
  open: (lost: () => void) => Promise<Connection>,
  options: PoolOptions,
  clock: Clock,
): Pool<Connection> {
  return new Pool<Connection>(
    {
      open,
      close: (connection) => connection.close(),
      validate: (connection) =>
        connection.ping().then(
          () => true,
          () => false,
        ),
    },
    options,
    clock,
  );
}
