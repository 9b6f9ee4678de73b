import type { MigrationSupport } from "../migrations/support.ts";
import { quoteWith } from "../sql/identifiers.ts";
import type { Queryable, Row } from "../types.ts";

/** Locks by name belong to the whole server, and a name has at most 64 characters. */
const NAME = "CONCAT('fraisier:', LEFT(SHA2(CONCAT(DATABASE(), '.', ?), 256), 40))";
const UNPREPARED = { prepare: false };
/** What changes by writing to a table; the rest of its definition does not. */
const COUNTER = / AUTO_INCREMENT=\d+/g;

export const mysqlMigrations: MigrationSupport = {
  lock: {
    async tryAcquire(session, table) {
      // 0: somebody else has it; NULL: an error, of which the server says nothing more.
      const [row] = await session.executeQuery<{ answer: unknown }>(
        `SELECT GET_LOCK(${NAME}, 0) AS answer`,
        [table],
        UNPREPARED,
      );
      return Number(row?.answer ?? 0) === 1;
    },
    tryAcquireInTransaction: null,
    async release(session, table) {
      await session.executeQuery(`SELECT RELEASE_LOCK(${NAME})`, [table], UNPREPARED);
    },
    async holder(session, table) {
      const [row] = await session.executeQuery<{ text: string | null }>(
        `SELECT CONCAT('connection ', ID, ' of ', USER, '@', HOST, ', in ', COMMAND, ' for ', TIME, ' s') AS text
         FROM information_schema.PROCESSLIST WHERE ID = IS_USED_LOCK(${NAME})`,
        [table],
        UNPREPARED,
      );
      return row?.text ?? null;
    },
  },
  locksByTransaction: false,
  sessionVerbs: new Set(["SET", "USE"]),
  nonTransactionalTables: `SELECT TABLE_NAME AS name FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB'`,
  async readCatalogue(session, words) {
    const marks = words.map(() => "?").join(", ");
    const among = (column: string) => `LOWER(${column}) IN (${marks})`;
    const here = (column: string) => `(${column} = DATABASE() OR ${among(column)})`;
    const lower = words.map((word) => word.toLowerCase());
    const ask = (sql: string) =>
      session.executeQuery(
        sql,
        Array<string[]>(sql.split(marks).length - 1)
          .fill(lower)
          .flat(),
        UNPREPARED,
      );
    const tables = await ask(
      `SELECT TABLE_SCHEMA AS folder, TABLE_NAME AS name FROM information_schema.TABLES
       WHERE ${here("TABLE_SCHEMA")} AND ${among("TABLE_NAME")} ORDER BY 1, 2`,
    );
    const definitions: unknown[] = [];
    for (const { folder, name } of tables) definitions.push(await showCreate(session, String(folder), String(name)));
    const others = [
      await ask(`SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA
        WHERE ${among("SCHEMA_NAME")} ORDER BY 1`),
      await ask(`SELECT TRIGGER_SCHEMA, TRIGGER_NAME, EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER, ACTION_STATEMENT
        FROM information_schema.TRIGGERS WHERE ${here("TRIGGER_SCHEMA")} AND ${among("TRIGGER_NAME")} ORDER BY 1, 2`),
      await ask(`SELECT ROUTINE_SCHEMA, ROUTINE_TYPE, ROUTINE_NAME, DTD_IDENTIFIER, ROUTINE_DEFINITION, SECURITY_TYPE, SQL_DATA_ACCESS, IS_DETERMINISTIC, ROUTINE_COMMENT
        FROM information_schema.ROUTINES WHERE ${here("ROUTINE_SCHEMA")} AND ${among("ROUTINE_NAME")} ORDER BY 1, 2, 3`),
      await ask(`SELECT SPECIFIC_SCHEMA, SPECIFIC_NAME, ORDINAL_POSITION, PARAMETER_MODE, PARAMETER_NAME, DTD_IDENTIFIER
        FROM information_schema.PARAMETERS WHERE ${here("SPECIFIC_SCHEMA")} AND ${among("SPECIFIC_NAME")} ORDER BY 1, 2, 3`),
      await ask(`SELECT EVENT_SCHEMA, EVENT_NAME, EVENT_DEFINITION, INTERVAL_VALUE, INTERVAL_FIELD, STATUS
        FROM information_schema.EVENTS WHERE ${here("EVENT_SCHEMA")} AND ${among("EVENT_NAME")} ORDER BY 1, 2`),
    ];
    return { text: JSON.stringify([definitions, others]), remedy: null };
  },
  refusesInTransaction: () => false,
};

/** The definition of a table or a view, as the server itself writes it. */
async function showCreate(session: Queryable, folder: string, name: string): Promise<string> {
  const [row] = await session.executeQuery<Row>(
    `SHOW CREATE TABLE ${quoteWith("`", folder)}.${quoteWith("`", name)}`,
    [],
    UNPREPARED,
  );
  return Object.values(row ?? {})
    .join("\n")
    .replaceAll(COUNTER, "");
}
