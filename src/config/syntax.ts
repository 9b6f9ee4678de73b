import { type Document, isCollection, isScalar, type ParsedNode, visit, type YAMLError } from "yaml";
import type { Draft } from "./problems.ts";
import type { SourceText } from "./source.ts";

/** Errors after which the rest of the document still means what it says. */
const HARMLESS: ReadonlySet<string> = new Set([
  "BAD_DQ_ESCAPE",
  "BAD_SCALAR_START",
  "TAG_RESOLVE_FAILED",
  "ALIAS_PROPS",
  "MULTIPLE_ANCHORS",
]);

const COLON = '": " in the middle of a value; put the value in quotes';

/** What YAML itself finds wrong with a text. */
export interface SyntaxFaults {
  readonly drafts: readonly Draft[];
  /** Offset from which on the document can't be trusted to mean what its author thinks; null when all of it can. */
  readonly brokenAt: number | null;
}

/**
 * Turns the errors of the YAML library into problems for people. One mistake makes the parser stumble again and again:
 * of the errors that break the document only the first is told, and every tab.
 */
export function syntaxFaults(source: SourceText, document: Document.Parsed): SyntaxFaults {
  const drafts: Draft[] = [];
  let brokenAt: number | null = null;
  for (const error of [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0])) {
    if (error.code === "TAG_RESOLVE_FAILED" && error.message.startsWith("Unresolved tag")) continue;
    const fault = explain(source, document, error);
    const breaks = !HARMLESS.has(error.code);
    const consequence = brokenAt !== null && breaks && error.code !== "TAB_AS_INDENT";
    if (breaks) brokenAt = Math.min(brokenAt ?? fault.start, fault.start);
    if (!consequence) drafts.push({ ...fault, path: [] });
  }
  return { drafts, brokenAt };
}

/**
 * Where a text has the colon of `description: Deploys: everything`, which makes all that follows a part of that value;
 * null when its first error is another one.
 */
export function colonInValue(source: SourceText, document: Document.Parsed): number | null {
  const [first] = document.errors.toSorted((a, b) => a.pos[0] - b.pos[0]).filter(({ code }) => !HARMLESS.has(code));
  if (first?.code !== "BLOCK_AS_IMPLICIT_KEY") return null;
  const start = first.pos[0];
  const line = source.lineOf(start);
  const inLine = source.lineText(line).slice(start - source.startOfLine(line));
  const colon = inLine.search(/:(\s|$)/);
  return colon === -1 ? null : start + colon;
}

/** What to say of a colon in a value. */
export function colonFault(colon: number): Draft {
  return { start: colon, end: colon + 1, path: [], message: COLON };
}

function explain(source: SourceText, document: Document.Parsed, error: YAMLError): Omit<Draft, "path"> {
  const [start, end] = error.pos;
  const at = (message: string, from = start, to = end): Omit<Draft, "path"> => ({ start: from, end: to, message });
  if (error.code === "UNEXPECTED_TOKEN" && source.text.startsWith("${", start - 1)) {
    return at(`inside [ ] and { }, put a text with \${…} in quotes: "\${NAME}"`, start - 1, start + 1);
  }
  switch (error.code) {
    case "TAB_AS_INDENT":
      return at("a tab can't indent in YAML; use spaces");
    case "MULTIPLE_DOCS": {
      const marker = source.text.startsWith("---", start) ? start : source.text.indexOf("---", start);
      const from = marker === -1 ? start : marker;
      return at(
        'a second document begins here; the file must be one, without "---" or "..." in between',
        from,
        from + 3,
      );
    }
    case "MISSING_CHAR":
    case "BAD_INDENT":
      return missing(source, document, error) ?? at(`not valid YAML: ${error.message}`);
    case "UNEXPECTED_TOKEN":
      if (!error.message.endsWith("at node end")) break;
      return at('the value before this has ended already; a "," is missing, or quotes around the whole');
    case "BLOCK_AS_IMPLICIT_KEY":
      return at("wrong indentation: what belongs to a key can't follow its value");
    case "MULTILINE_IMPLICIT_KEY":
      return at('this is neither a key nor a value: a ":" is missing, or the indentation is wrong');
    case "BAD_SCALAR_START":
      return at(`a value can't begin with ${JSON.stringify(source.text[start] ?? "")}; put it in quotes`);
    case "BAD_DQ_ESCAPE":
      return at("there is no such escape in double quotes; write \\\\ for a backslash, or use single quotes");
    case "RESOURCE_EXHAUSTION":
      return at("this is nested too deeply to be read");
  }
  return at(`not valid YAML: ${error.message}`);
}

/** What to say of something that is not there, by the library's words, since its code is one for all of it. */
function missing(
  source: SourceText,
  document: Document.Parsed,
  { pos, message }: YAMLError,
): Omit<Draft, "path"> | null {
  const [start, end] = pos;
  if (message.startsWith("Missing closing")) {
    const open = startOfNodeEndingAt(document, start, isScalar) ?? start;
    return { start: open, end: open + 1, message: "the quotes that open here are never closed" };
  }
  if (/ end with a [\]}]/.test(message)) {
    const open = startOfNodeEndingAt(document, start, isCollection) ?? start;
    const bracket = source.text[open] === "{" ? "{ is never closed by a }" : "[ is never closed by a ]";
    return { start: open, end: open + 1, message: `this ${bracket}, or the closing one is indented too little` };
  }
  if (/^Missing ,/.test(message)) return { start, end, message: 'a "," is missing before this' };
  if (message.startsWith("Implicit map keys")) {
    return { start, end, message: 'a key needs a ":" after it; if this belongs to the line before, indent it further' };
  }
  if (message.startsWith("All mapping items")) {
    return { start, end, message: "wrong indentation: the keys of one map must begin in one column" };
  }
  return null;
}

/** Where the innermost node of a kind begins that reaches up to an offset. */
function startOfNodeEndingAt(
  document: Document.Parsed,
  offset: number,
  fits: (node: unknown) => boolean,
): number | null {
  let start: number | null = null;
  visit(document, {
    Node(_key, node) {
      const [from, , to] = (node as ParsedNode).range;
      if (fits(node) && from < offset && to >= offset && !("items" in node && !isFlow(node))) start = from;
    },
  });
  return start;
}

function isFlow(node: { flow?: boolean }): boolean {
  return node.flow === true;
}
