import type { CatalogueObject, MigrationSupport } from "../migrations/support.ts";
import { quoteWith } from "../sql/identifiers.ts";
import type { Queryable, Row } from "../types.ts";

/** Locks by name belong to the whole server, and a name has at most 64 characters. */
const NAME = "CONCAT('fraisier:', LEFT(SHA2(CONCAT(DATABASE(), '.', ?), 256), 40))";
const UNPREPARED = { prepare: false };
/** What changes by writing to a table; the rest of its definition does not. */
const COUNTER = / AUTO_INCREMENT=\d+/g;

/** Where objects of a kind are listed: the view of information_schema, the columns of their schema, table and name. */
const LISTS: Readonly<Record<CatalogueObject["kind"], readonly [string, string, string | null, string]>> = {
  table: ["TABLES", "TABLE_SCHEMA", null, "TABLE_NAME"],
  column: ["COLUMNS", "TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME"],
  index: ["STATISTICS", "TABLE_SCHEMA", "TABLE_NAME", "INDEX_NAME"],
  constraint: ["TABLE_CONSTRAINTS", "TABLE_SCHEMA", "TABLE_NAME", "CONSTRAINT_NAME"],
  trigger: ["TRIGGERS", "TRIGGER_SCHEMA", null, "TRIGGER_NAME"],
  routine: ["ROUTINES", "ROUTINE_SCHEMA", null, "ROUTINE_NAME"],
  event: ["EVENTS", "EVENT_SCHEMA", null, "EVENT_NAME"],
  database: ["SCHEMATA", "SCHEMA_NAME", null, "SCHEMA_NAME"],
};

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
      const [lock] = await session.executeQuery<{ id: unknown }>(
        `SELECT IS_USED_LOCK(${NAME}) AS id`,
        [table],
        UNPREPARED,
      );
      // MySQL cannot read information_schema.PROCESSLIST while anybody's statement has a character of four bytes (3854).
      const sessions = await session.executeQuery("SHOW PROCESSLIST", [], UNPREPARED);
      const found = sessions.find(({ Id }) => String(Id) === String(lock?.id));
      if (found === undefined) return null;
      const { Id, User, Host, Command, Time } = found;
      // The server notices only after the statement that its client is gone.
      const end = `should its client be gone, it lasts until the statement ends, or until KILL ${Id}`;
      return `connection ${Id} of ${User}@${Host}, in ${Command} for ${Time} s (${end})`;
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
    // Also when it was made: another table with the same definition is another one.
    const tables = await ask(
      `SELECT TABLE_SCHEMA AS folder, TABLE_NAME AS name, CREATE_TIME AS made FROM information_schema.TABLES
       WHERE ${here("TABLE_SCHEMA")} AND ${among("TABLE_NAME")} ORDER BY 1, 2`,
    );
    const definitions: unknown[] = [];
    for (const { folder, name, made } of tables)
      definitions.push(made, await showCreate(session, String(folder), String(name)));
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
  async hasObject(session, { kind, schema, table, name }) {
    const [view, schemaColumn, tableColumn, nameColumn] = LISTS[kind];
    const ofTable = tableColumn === null || table === null ? null : table;
    const rows = await session.executeQuery<{ name: string }>(
      `SELECT ${nameColumn} AS name FROM information_schema.${view}
       WHERE ${schemaColumn} = COALESCE(?, DATABASE()) ${ofTable === null ? "" : `AND ${tableColumn} = ?`}`,
      ofTable === null ? [schema] : [schema, ofTable],
      UNPREPARED,
    );
    // The server's own comparison would ignore accents.
    return rows.some((row) => row.name.toLowerCase() === name.toLowerCase());
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
