import { type Document, parseDocument } from "yaml";
import type { Draft } from "./problems.ts";
import type { SourceText } from "./source.ts";
import { colonFault, colonInValue, syntaxFaults } from "./syntax.ts";
import type { TreeNode } from "./tree.ts";
import { TreeBuilder, type TreeOptions } from "./tree-builder.ts";

/** Each mended colon costs another parse. */
const MOST_MENDED = 50;

/** What a text says, as far as it can be read. */
export interface Composed {
  /** undefined when the text says nothing that could be looked at. */
  readonly root: TreeNode | undefined;
  /** What is no YAML. */
  readonly syntax: readonly Draft[];
  /** What is wrong with aliases, merges, tags and `${…}`. */
  readonly values: readonly Draft[];
  /** Offset from which on the tree can't be trusted; null when all of it can. */
  readonly brokenAt: number | null;
}

/** Reads YAML 1.2 (core schema) with anchors and merge keys into a tree whose `${…}` are replaced. Never throws. */
export function compose(source: SourceText, options: TreeOptions): Composed {
  const { document, colons } = parseMended(source);
  const faults = syntaxFaults(source, document);
  const { brokenAt } = faults;
  const drafts = [...colons, ...faults.drafts];
  if (document.contents === null) {
    const empty: Draft = {
      start: 0,
      end: 1,
      path: [],
      message: 'the file is empty; it must declare services under "fraises:"',
    };
    return { root: undefined, syntax: drafts.length > 0 ? drafts : [empty], values: [], brokenAt };
  }
  const builder = new TreeBuilder(source, document, options);
  const root = builder.build();
  return { root, syntax: drafts, values: builder.drafts, brokenAt };
}

/**
 * Parses, and where a value has a colon in it, parses again as if that were another character: the mistake is then told
 * without hiding those that follow.
 */
function parseMended(source: SourceText): { document: Document.Parsed; colons: Draft[] } {
  const colons: Draft[] = [];
  let text = source.text;
  for (;;) {
    // The library's own checks of keys and merges are left to the tree, which knows better places and words.
    const document = parseDocument(text, {
      prettyErrors: false,
      uniqueKeys: false,
      schema: "core",
      merge: false,
      logLevel: "error",
    });
    const colon = colons.length < MOST_MENDED ? colonInValue(source, document) : null;
    if (colon === null) return { document, colons };
    colons.push(colonFault(colon));
    text = `${text.slice(0, colon)}_${text.slice(colon + 1)}`;
  }
}
