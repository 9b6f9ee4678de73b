/** A process that has neither `pg` nor `mysql2`, and sends what each adapter says of that. */
import { registerHooks } from "node:module";
import type { DatabaseError } from "../../src/db/index.ts";

registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== "pg" && specifier !== "mysql2") return next(specifier, context);
    // What Node says of a package that is not installed.
    const error = new Error(`Cannot find package '${specifier}' imported from ${context.parentURL}`);
    throw Object.assign(error, { code: "ERR_MODULE_NOT_FOUND" });
  },
});

const { createAdapterFromUrl } = await import("../../src/db/index.ts");

async function outcome(url: string): Promise<unknown> {
  await using adapter = await createAdapterFromUrl(url);
  return await adapter.executeQuery("SELECT 1 AS one").catch(({ kind, message, hint }: DatabaseError) => ({
    kind,
    message,
    hint,
  }));
}

process.send?.({
  sqlite: await outcome("sqlite::memory:"),
  postgresql: await outcome("postgresql://ada@localhost/app"),
  mysql: await outcome("mysql://ada@localhost/app"),
  mariadb: await outcome("mariadb://ada@localhost/app"),
});
process.disconnect();
