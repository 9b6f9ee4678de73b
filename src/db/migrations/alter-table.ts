import type { Change, Effect } from "./effect.ts";
import type { CatalogueObject } from "./support.ts";
import type { QualifiedName, TokenReader } from "./token-reader.ts";

/** Their effect shows in the definition of the table, and where it does not, they may be run again. */
const DEFINING = new Set(["MODIFY", "ALTER", "ENGINE", "COMMENT", "CONVERT", "DEFAULT", "CHARSET", "CHARACTER"]);
/** How the server is to go about it. */
const MANNERS = new Set(["ALGORITHM", "LOCK"]);
/** After ADD and DROP: what is no column, and has no definition that could be read. */
const STRANGE = new Set(["PARTITION", "SYSTEM", "PERIOD"]);
const INDEX_WORDS = new Set(["INDEX", "KEY"]);
const INDEX_KINDS = new Set(["FULLTEXT", "SPATIAL", "UNIQUE"]);
const CONSTRAINT_KINDS = new Set(["FOREIGN", "CHECK"]);

/** What one clause does. */
interface ClauseEffect {
  readonly changes: readonly Change[];
  /** Whether that is all; otherwise the rest shows in the definition of the table. */
  readonly isWhole: boolean;
}

const NOTHING: ClauseEffect = { changes: [], isWhole: true };
const DEFINITION: ClauseEffect = { changes: [], isWhole: false };

/**
 * What ALTER TABLE does; the words ALTER TABLE are read already.
 *
 * @returns null when one of its clauses is not known, or could have its effect without showing it
 */
export function alterTableEffect(reader: TokenReader): Effect | null {
  reader.take("IF", "EXISTS");
  const table = reader.takeQualifiedName();
  if (table === null || reader.rest.some((word) => /^PARTITION(?:ING|S)?$/.test(word))) return null;
  const clauses: ClauseEffect[] = [];
  while (!reader.isAtEnd) {
    const clause = readClause(reader, table);
    if (clause === null) return null;
    clauses.push(clause);
    reader.skipPastComma();
  }
  const changes = clauses.flatMap((clause) => clause.changes);
  const names = new Set(changes.map(({ object }) => `${object.kind} ${object.name.toLowerCase()}`));
  // What is dropped and added again, or changes places, is there before and after.
  if (names.size < changes.length) return null;
  return { changes, isWhole: clauses.every(({ isWhole }) => isWhole), isRepeatable: false };
}

function readClause(reader: TokenReader, table: QualifiedName): ClauseEffect | null {
  if (reader.takeOneOf(MANNERS) !== null) return NOTHING;
  if (reader.takeOneOf(DEFINING) !== null) return DEFINITION;
  if (reader.take("ADD")) return readAdded(reader, table);
  if (reader.take("DROP")) return readDropped(reader, table);
  if (reader.take("RENAME")) return readRenamed(reader, table);
  if (reader.take("CHANGE")) return readChanged(reader, table);
  return null;
}

function readAdded(reader: TokenReader, table: QualifiedName): ClauseEffect | null {
  if (STRANGE.has(reader.next)) return null;
  if (reader.take("CONSTRAINT")) {
    reader.take("IF", "NOT", "EXISTS");
    const name = reader.takeName();
    // A primary key, and a unique one, may be called something else in the end.
    if (name === null || !CONSTRAINT_KINDS.has(reader.next)) return DEFINITION;
    return only(partOf(table, "constraint", name), true);
  }
  if (reader.take("PRIMARY") || reader.takeOneOf(CONSTRAINT_KINDS) !== null) return DEFINITION;
  const hasKind = reader.takeOneOf(INDEX_KINDS) !== null;
  const isIndex = reader.takeOneOf(INDEX_WORDS) !== null || hasKind;
  if (!isIndex) reader.take("COLUMN");
  reader.take("IF", "NOT", "EXISTS");
  const name = reader.takeName();
  if (name === null) return DEFINITION; // several columns in parentheses, or an index without a name
  return only(partOf(table, isIndex ? "index" : "column", name), true);
}

function readDropped(reader: TokenReader, table: QualifiedName): ClauseEffect | null {
  if (STRANGE.has(reader.next)) return null;
  if (reader.take("PRIMARY")) return DEFINITION;
  const isIndex = reader.takeOneOf(INDEX_WORDS) !== null;
  const isConstraint = reader.take("FOREIGN", "KEY") || reader.take("CONSTRAINT") || reader.take("CHECK");
  if (!isIndex && !isConstraint) reader.take("COLUMN");
  reader.take("IF", "EXISTS");
  const name = reader.takeName();
  if (name === null) return null;
  return only(partOf(table, isIndex ? "index" : isConstraint ? "constraint" : "column", name), false);
}

function readRenamed(reader: TokenReader, table: QualifiedName): ClauseEffect | null {
  const kind = reader.take("COLUMN") ? "column" : reader.takeOneOf(INDEX_WORDS) !== null ? "index" : "table";
  const from = kind === "table" ? table.name : reader.takeName();
  if (from === null || !(reader.take("TO") || (kind === "table" && reader.take("AS")))) return null;
  const to = reader.takeQualifiedName();
  if (to === null) return null;
  const [old, renamed] =
    kind === "table"
      ? [tableObject(table), tableObject({ ...to, schema: to.schema ?? table.schema })]
      : [partOf(table, kind, from), partOf(table, kind, to.name)];
  return { changes: [...only(old, false).changes, ...only(renamed, true).changes], isWhole: true };
}

function readChanged(reader: TokenReader, table: QualifiedName): ClauseEffect | null {
  reader.take("COLUMN");
  reader.take("IF", "EXISTS");
  const [from, to] = [reader.takeName(), reader.takeName()];
  if (from === null || to === null) return null;
  if (from.toLowerCase() === to.toLowerCase()) return DEFINITION;
  const [old, renamed] = [partOf(table, "column", from), partOf(table, "column", to)];
  return { changes: [...only(old, false).changes, ...only(renamed, true).changes], isWhole: false };
}

function only(object: CatalogueObject, isThereAfter: boolean): ClauseEffect {
  return { changes: [{ object, isThereAfter }], isWhole: true };
}

function tableObject({ schema, name }: QualifiedName): CatalogueObject {
  return { kind: "table", schema, table: null, name };
}

function partOf(table: QualifiedName, kind: CatalogueObject["kind"], name: string): CatalogueObject {
  return { kind, schema: table.schema, table: table.name, name };
}
