import type { Dialect } from "../dialect.ts";
import { alterTableEffect } from "./alter-table.ts";
import type { MigrationStatement } from "./statements.ts";
import type { CatalogueObject } from "./support.ts";
import { type QualifiedName, TokenReader } from "./token-reader.ts";

/** An object that is there after a statement and not before, or the other way round. */
export interface Change {
  readonly object: CatalogueObject;
  readonly isThereAfter: boolean;
}

/** What a statement does to definitions. */
export interface Effect {
  readonly changes: readonly Change[];
  /** Whether that is all it does, so that its effect can be recognised by them alone. */
  readonly isWhole: boolean;
  /** Whether running it twice comes to the same as running it once, whatever else happened. */
  readonly isRepeatable: boolean;
}

/** May be run twice. */
const REPEATABLE_VERBS = new Set(["VACUUM", "ANALYZE", "REINDEX", "OPTIMIZE", "GRANT", "REVOKE", "COMMENT", "SHOW"]);
const REPEATABLE: Effect = { changes: [], isWhole: true, isRepeatable: true };

/** What kind of object the catalogue has under a word of a statement; a view has its name among the tables. */
const KINDS: ReadonlyMap<string, CatalogueObject["kind"]> = new Map([
  ["TABLE", "table"],
  ["TABLES", "table"],
  ["VIEW", "table"],
  ["SEQUENCE", "table"],
  ["INDEX", "index"],
  ["TRIGGER", "trigger"],
  ["PROCEDURE", "routine"],
  ["FUNCTION", "routine"],
  ["EVENT", "event"],
  ["DATABASE", "database"],
  ["SCHEMA", "database"],
]);
const KIND_WORDS: ReadonlySet<string> = new Set(KINDS.keys());
/** CREATE OR REPLACE of these loses nothing but their definition. */
const DEFINITIONS = new Set(["VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"]);
/** What may stand before the kind of the object that is made. */
const ADJECTIVES = new Set(["UNIQUE", "FULLTEXT", "SPATIAL", "ONLINE", "OFFLINE", "AGGREGATE"]);

/**
 * What a statement does to definitions.
 *
 * @returns null when that cannot be told, or would not show in the catalogue
 */
export function effectOf({ text, verb }: MigrationStatement, { lexical }: Dialect): Effect | null {
  if (REPEATABLE_VERBS.has(verb)) return REPEATABLE;
  const reader = new TokenReader(text, lexical);
  // A part of it that only some versions of a server execute.
  if (reader.rest.some((word) => word.startsWith("/*"))) return null;
  if (reader.take("CREATE")) return effectOfCreate(reader);
  if (reader.take("DROP")) return effectOfDrop(reader);
  if (reader.take("RENAME", "TABLE") || reader.take("RENAME", "TABLES")) return effectOfRename(reader);
  if (reader.take("ALTER", "VIEW")) return REPEATABLE;
  if (reader.take("ALTER", "TABLE")) return alterTableEffect(reader);
  return null;
}

function wholeEffect(changes: readonly Change[]): Effect | null {
  return changes.length === 0 ? null : { changes, isWhole: true, isRepeatable: false };
}

function effectOfCreate(reader: TokenReader): Effect | null {
  const isReplacing = reader.take("OR", "REPLACE");
  skipAttributes(reader);
  const word = reader.takeOneOf(KIND_WORDS);
  const kind = KINDS.get(word ?? "");
  if (word === null || kind === undefined) return null;
  if (isReplacing) return DEFINITIONS.has(word) ? REPEATABLE : null;
  reader.take("CONCURRENTLY");
  reader.take("IF", "NOT", "EXISTS");
  if (kind === "index") return effectOnIndex(reader, true);
  const name = reader.takeQualifiedName();
  if (name === null) return null;
  if ((word === "TABLE" && isFilled(reader.rest)) || reader.rest.includes("SONAME")) return null;
  return wholeEffect([{ object: objectOf(kind, name), isThereAfter: true }]);
}

/** `ALGORITHM = MERGE DEFINER = ada@localhost SQL SECURITY INVOKER` and the like. */
function skipAttributes(reader: TokenReader): void {
  for (;;) {
    if (reader.takeOneOf(ADJECTIVES) !== null) continue;
    if (reader.take("ALGORITHM", "=") || reader.take("SQL", "SECURITY")) reader.skip();
    else if (reader.take("DEFINER", "="))
      while (!reader.isAtEnd && reader.next !== "SQL" && !KIND_WORDS.has(reader.next)) reader.skip();
    else return;
  }
}

/** Whether a table is made together with rows, of which the catalogue says nothing. */
function isFilled(words: readonly string[]): boolean {
  return words.some(
    (word, index) =>
      word === "SELECT" || word === "TABLE" || (word === "VALUES" && !/^(?:LESS|IN)$/.test(words[index + 1] ?? "")),
  );
}

function effectOnIndex(reader: TokenReader, isThereAfter: boolean): Effect | null {
  if (reader.next === "ON") return null; // PostgreSQL makes up a name
  const index = reader.takeQualifiedName();
  if (index === null) return null;
  while (!reader.isAtEnd && reader.next !== "ON") reader.skip();
  reader.take("ON");
  reader.take("ONLY");
  const table = reader.takeQualifiedName();
  const schema = table?.schema ?? index.schema;
  return wholeEffect([
    { object: { kind: "index", schema, table: table?.name ?? null, name: index.name }, isThereAfter },
  ]);
}

function effectOfDrop(reader: TokenReader): Effect | null {
  const kind = KINDS.get(reader.takeOneOf(KIND_WORDS) ?? "");
  if (kind === undefined) return null;
  reader.take("CONCURRENTLY");
  reader.take("IF", "EXISTS");
  if (kind === "index") return effectOnIndex(reader, false);
  const changes: Change[] = [];
  do {
    const name = reader.takeQualifiedName();
    if (name === null) return null;
    changes.push({ object: objectOf(kind, name), isThereAfter: false });
  } while (reader.take(","));
  return wholeEffect(changes);
}

/** Where the tables only change places among themselves, all names are there before and after, and nothing tells. */
function effectOfRename(reader: TokenReader): Effect | null {
  reader.take("IF", "EXISTS");
  const tables = new Map<string, { readonly object: CatalogueObject; readonly wasThere: boolean; isThere: boolean }>();
  const set = (name: QualifiedName, isThere: boolean) => {
    const key = `${name.schema ?? ""}.${name.name}`;
    const table = tables.get(key) ?? { object: objectOf("table", name), wasThere: !isThere, isThere };
    tables.set(key, { ...table, isThere });
  };
  do {
    const from = reader.takeQualifiedName();
    if (from === null || !reader.take("TO")) return null;
    const to = reader.takeQualifiedName();
    if (to === null) return null;
    set(from, false);
    set(to, true);
  } while (reader.take(","));
  const changed = [...tables.values()].filter(({ wasThere, isThere }) => wasThere !== isThere);
  return wholeEffect(changed.map(({ object, isThere }) => ({ object, isThereAfter: isThere })));
}

function objectOf(kind: CatalogueObject["kind"], { schema, name }: QualifiedName): CatalogueObject {
  return { kind, schema: kind === "database" ? name : schema, table: null, name };
}
