import { DatabaseError } from "./errors.ts";
import type { IsolationLevel } from "./types.ts";

/** The levels of SQL:1992, table 9, in the words of its SET TRANSACTION. */
const LEVELS: Readonly<Record<IsolationLevel, string>> = {
  "read uncommitted": "READ UNCOMMITTED",
  "read committed": "READ COMMITTED",
  "repeatable read": "REPEATABLE READ",
  serializable: "SERIALIZABLE",
};

/** How SQL writes a level. @throws DatabaseError `unsupported` for what is none: nothing else becomes part of a statement */
export function isolationSql(level: IsolationLevel): string {
  if (Object.hasOwn(LEVELS, level)) return LEVELS[level];
  throw new DatabaseError("unsupported", `There is no isolation level ${JSON.stringify(level)}.`, {
    hint: `Give one of ${Object.keys(LEVELS).join(", ")}.`,
  });
}
