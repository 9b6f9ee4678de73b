/** A program with a small heap: what its wrapper does for it is told as JSON. `process.ts <what> <url>` */
import { SyncDatabaseWrapper } from "../../../src/db/index.ts";

const [task, url = ""] = process.argv.slice(2);
const wrapper = new SyncDatabaseWrapper(url);
wrapper.executeQuery("SELECT 1");
if (task === "leave") say({ left: "open" });
else {
  const digits = "(SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4)";
  const tables = Array.from({ length: 9 }, (_, index) => `${digits} AS d${index}`).join(", ");
  const failed = failureOf(() =>
    wrapper.executeQuery(`SELECT d0.n, d1.n AS m, '${"x".repeat(100)}' AS filler FROM ${tables}`),
  );
  say({ failed, afterwards: wrapper.executeQuery("SELECT 1 AS one") });
}

function say(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

function failureOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    const { kind, message } = error as { kind?: unknown; message?: unknown };
    return { kind, message };
  }
}
