/** What the scanner makes of a statement, against what the servers themselves report when they prepare it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { DatabaseError, DatabaseType, type Dialect } from "../../src/db/index.ts";
import { mysqlDialect } from "../../src/db/mysql/dialect.ts";
import { postgresDialect } from "../../src/db/postgresql/dialect.ts";
import { parseStatement } from "../../src/db/sql/placeholders.ts";
import { type PlaceholderStyle, Scanner } from "../../src/db/sql/scanner.ts";
import { sqliteDialect } from "../../src/db/sqlite/dialect.ts";
import { describeEachDatabase, IS_FULL } from "./support/databases.ts";
import { openPreparer, type Preparer } from "./support/preparing.ts";
import { change, changes, drafts, isPlain, write } from "./support/statements.ts";

const DIALECTS: Readonly<Record<DatabaseType, Dialect>> = {
  sqlite: sqliteDialect,
  postgresql: postgresDialect,
  mysql: mysqlDialect,
};
const STYLES: readonly PlaceholderStyle[] = ["?", "$", "%s"];
const RUNS = IS_FULL ? 20_000 : 400;
/** A statement that is refused tells nothing, so most have to be right. */
const MOST_REFUSED = 0.2;

/** What we make of a text, in the words of a {@link Preparation}; `strict` is what we refuse whatever the server does. */
type Reading =
  | { readonly kind: "sent"; readonly sql: string; readonly count: number }
  | { readonly kind: "refused" | "gap" | "foreign" | "strict" };

function read(text: string, dialect: Dialect): Reading {
  try {
    const { sql, order, parameterCount } = parseStatement(text, dialect);
    return { kind: "sent", sql, count: order?.length ?? parameterCount ?? Number.NaN };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return { kind: isStrict(error, text, dialect) ? "strict" : kindOf(error) };
  }
}

function kindOf({ kind, message }: DatabaseError): "refused" | "gap" | "foreign" {
  if (kind !== "parameter_mismatch") return "refused";
  return message.includes("but never $") ? "gap" : "foreign";
}

/** Whether a text is refused although the database would take it. */
function isStrict({ kind, message }: DatabaseError, text: string, dialect: Dialect): boolean {
  if (kind === "unsupported" || message.includes("is empty")) return true;
  switch (dialect.type) {
    case DatabaseType.SQLITE: // where an open comment ends with the text
      return message.includes("never closed") && !isOpen(`${text}*/`, dialect);
    case DatabaseType.POSTGRESQL: // where `?` is an operator
      return kind === "parameter_mismatch" && message.includes("?");
    case DatabaseType.MYSQL: // where `$1` is a name, and `SELECT /*! 1; */` one statement
      return message.includes("$") || (message.includes("more than one") && /;[\s;]*\*\//.test(text));
  }
}

function isOpen(text: string, { lexical }: Dialect): boolean {
  const scanner = new Scanner(text, lexical);
  while (scanner.next() !== "end");
  return scanner.unterminated;
}

describeEachDatabase("the scanner", (_, database) => {
  const dialect = DIALECTS[database.type];
  const nativeStyle: PlaceholderStyle = dialect.numberedPlaceholders ? "$" : "?";

  /** How many placeholders both have found in a statement; null when one of the two refuses it. */
  async function agree(server: Preparer, text: string, style: PlaceholderStyle, typed = true): Promise<number | null> {
    const ours = read(text, dialect);
    if (ours.kind === "sent") {
      const theirs = await server.prepare(ours.sql);
      // A parameter whose type nothing tells looks to PostgreSQL like one whose number is skipped.
      if (theirs.kind === "refused" || (theirs.kind === "gap" && !typed)) return null;
      expect(theirs, ours.sql).toEqual({ kind: "accepted", count: ours.count });
      return ours.count;
    }
    if (style === nativeStyle && ours.kind !== "strict") {
      // Nothing is refused here that the server understands.
      const { kind } = await server.prepare(text);
      const asBad = ours.kind === "refused" ? ["refused"] : ["refused", "gap", "foreign"];
      expect(asBad, `${ours.kind}: ${text}`).toContain(kind);
    }
    return null;
  }

  test("finds the placeholders that the server finds, in whatever style", { timeout: 300_000 }, async (context) => {
    await using server = await openPreparer(database, context.onTestFinished);
    let refused = 0;
    let found = 0;
    await fc.assert(
      fc.asyncProperty(drafts(database.type), async (draft) => {
        const native = await agree(server, write(draft, nativeStyle), nativeStyle);
        if (native === null) refused++;
        else found += native;
        for (const style of STYLES.filter((other) => other !== nativeStyle)) {
          const text = write(draft, style);
          const other = await agree(server, text, style);
          if (native !== null && isPlain(draft)) expect(other, text).toBe(native);
        }
      }),
      { numRuns: RUNS },
    );
    expect(refused / RUNS).toBeLessThan(MOST_REFUSED);
    expect(found / RUNS).toBeGreaterThan(1);
  });

  test("finds them also in what somebody has mistyped, or it is refused by both", {
    timeout: 300_000,
  }, async (context) => {
    await using server = await openPreparer(database, context.onTestFinished);
    let understood = 0;
    const made = fc.array(changes, { minLength: 1, maxLength: 2 });
    await fc.assert(
      fc.asyncProperty(drafts(database.type), made, async (draft, list) => {
        const text = list.reduce(change, write(draft, nativeStyle));
        if ((await agree(server, text, nativeStyle, false)) !== null) understood++;
      }),
      { numRuns: RUNS },
    );
    expect(understood / RUNS).toBeGreaterThan(0.08);
  });
});
