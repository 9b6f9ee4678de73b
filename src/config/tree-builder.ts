import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { interpolate, type Unset, type Variables } from "./interpolate.ts";
import { type Draft, formatPath, type KeyPath } from "./problems.ts";
import type { SourceText } from "./source.ts";
import { suggest } from "./suggest.ts";
import { describeTag, isPlainTag } from "./tags.ts";
import type { MapEntry, MapNode, ScalarNode, TreeNode } from "./tree.ts";

/** More values than this, aliases written out, are an attack or a mistake ("billion laughs"). */
const MOST_NODES = 100_000;

/** How a tree is built. */
export interface TreeOptions {
  readonly env: Variables;
  readonly unset: Unset;
}

/**
 * Makes a tree of a YAML document: follows aliases, applies merge keys, replaces `${…}`, drops `x-` keys, and notes
 * whatever is wrong on the way.
 */
export class TreeBuilder {
  readonly drafts: Draft[] = [];
  readonly #source: SourceText;
  readonly #document: Document.Parsed;
  readonly #options: TreeOptions;
  readonly #anchors = new Map<string, ParsedNode>();
  readonly #built = new Map<ParsedNode, TreeNode>();
  readonly #open = new Set<ParsedNode>();

  constructor(source: SourceText, document: Document.Parsed, options: TreeOptions) {
    this.#source = source;
    this.#document = document;
    this.#options = options;
  }

  /** The tree of the whole document; undefined when aliases make it too large to look at. */
  build(): TreeNode | undefined {
    const root = this.#node(this.#document.contents, [], { start: 0, end: 0 });
    if (root.size <= MOST_NODES) return root;
    this.#note(root.start, root.start + 1, `the aliases of this file stand for more than ${MOST_NODES} values`, []);
    return undefined;
  }

  #node(node: ParsedNode | null, path: KeyPath, place: { start: number; end: number }): TreeNode {
    if (node === null) return nothing(place.start);
    if (isAlias(node)) return this.#alias(node as Alias.Parsed, path);
    const known = this.#built.get(node);
    if (known !== undefined) return known;
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    this.#checkTag(node, path);
    this.#open.add(node);
    const tree = isMap(node) ? this.#map(node, path) : isSeq(node) ? this.#list(node, path) : this.#scalar(node, path);
    this.#open.delete(node);
    this.#built.set(node, tree);
    return tree;
  }

  #alias(node: Alias.Parsed, path: KeyPath): TreeNode {
    const [start, end] = node.range;
    const target = this.#anchors.get(node.source);
    if (target === undefined) {
      const suggestion = suggest(node.source, this.#anchors.keys());
      this.#note(
        start,
        end,
        `no anchor &${node.source} stands before this alias`,
        path,
        suggestion && `*${suggestion}`,
      );
    } else if (this.#open.has(target)) {
      this.#note(start, end, `the alias *${node.source} stands inside the very value that it means`, path);
    } else {
      return this.#node(target, path, { start, end });
    }
    return { ...nothing(start), origin: "unresolved" };
  }

  #list(node: YAMLSeq.Parsed, path: KeyPath): TreeNode {
    const [start, end] = node.range;
    const items = node.items.map((item, index) =>
      this.#node(item as ParsedNode | null, [...path, index], { start, end }),
    );
    return { kind: "list", start, end, items, size: items.reduce((sum, item) => sum + item.size, 1) };
  }

  #map(node: YAMLMap.Parsed, path: KeyPath): MapNode {
    const entries = new Map<string, MapEntry>();
    const merged: MapNode[] = [];
    const [start, end] = node.range;
    let merges = 0;
    let size = 1;
    for (const pair of node.items as Pair<ParsedNode, ParsedNode | null>[]) {
      const key = this.#key(pair.key, path);
      if (key === null) continue;
      const value = this.#node(pair.value, [...path, key.text], { start: key.end, end: key.end });
      const [keyStart, keyEnd] = [key.start, key.end];
      if (key.text === "<<" && key.style === "plain") {
        if (++merges > 1) this.#note(keyStart, keyEnd, 'one map can have one "<<" only; write <<: [*a, *b]', path);
        merged.push(...this.#mergeSources(value, key, path));
      } else if (key.text === "__proto__") {
        this.#note(keyStart, keyEnd, '"__proto__" can\'t be used as a key', [...path, key.text]);
      } else if (entries.has(key.text)) {
        const first = this.#source.lineOf(entries.get(key.text)?.keyStart ?? 0);
        const text = `the key ${JSON.stringify(key.text)} stands here twice; the first is on line ${first}`;
        this.#note(keyStart, keyEnd, text, [...path, key.text]);
      } else if (!key.text.startsWith("x-")) {
        entries.set(key.text, { key: key.text, keyStart, keyEnd, value });
        size += value.size;
      }
    }
    // YAML's merge: what the map itself says wins, then the earlier of several maps.
    for (const entry of merged.flatMap((map) => [...map.entries.values()])) {
      if (entries.has(entry.key)) continue;
      entries.set(entry.key, entry);
      size += entry.value.size;
    }
    return { kind: "map", start, end, entries, size };
  }

  #mergeSources(value: TreeNode, key: ScalarNode, path: KeyPath): MapNode[] {
    const sources = value.kind === "list" ? value.items : [value];
    const maps = sources.filter((source) => source.kind === "map");
    if (maps.length < sources.length) {
      this.#note(key.start, key.end, '"<<" takes the alias of a map (<<: *name), or a list of them', [...path, "<<"]);
    }
    return maps;
  }

  /** The key of a pair as text; null when it can't be one. */
  #key(key: ParsedNode | null, path: KeyPath): ScalarNode | null {
    const node = key !== null && isAlias(key) ? this.#anchors.get((key as Alias.Parsed).source) : key;
    if (node && isScalar(node)) {
      if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
      const scalar = this.#literal(node);
      if (scalar.style !== "empty")
        return key === node ? scalar : { ...scalar, start: key?.range[0] ?? 0, end: key?.range[1] ?? 0 };
    }
    const [start, end] = key?.range ?? [0, 1];
    this.#note(start, Math.max(end, start + 1), "a key must be a text", path);
    return null;
  }

  #literal(node: Scalar.Parsed): ScalarNode {
    const [start, end] = node.range;
    const quoted = node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE";
    const block = node.type === "BLOCK_FOLDED" || node.type === "BLOCK_LITERAL";
    const { value } = node;
    return {
      kind: "scalar",
      start,
      end,
      size: 1,
      text: typeof value === "string" ? value : node.source,
      value: typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null,
      origin: "literal",
      style: quoted ? "quoted" : block ? "block" : start === end ? "empty" : "plain",
      source: this.#source.text.slice(start, end),
      secrets: [],
    };
  }

  #scalar(node: Scalar.Parsed, path: KeyPath): ScalarNode {
    const literal = this.#literal(node);
    if (typeof node.value !== "string") return literal;
    const result = interpolate(node.value, this.#options.env, this.#options.unset);
    if (!result.touched) return literal;
    let at = 0;
    for (const { expression, fault } of result.marks) {
      // Folding and escapes can make the text differ from the source; then the whole scalar is underlined.
      const found = literal.source.indexOf(expression, at);
      if (found !== -1) at = found + expression.length;
      if (fault === null) continue;
      const start = found === -1 ? literal.start : literal.start + found;
      const end = found === -1 ? literal.end : start + expression.length;
      const key = path.length === 0 ? "" : ` (for ${JSON.stringify(formatPath(path.slice(-2)))})`;
      this.#note(start, end, `${fault.message}${key}; ${fault.help}`, path, fault.suggestion);
    }
    const value = result.unresolved ? result.text : this.#retype(result.text);
    const origin = result.unresolved ? "unresolved" : "interpolated";
    return { ...literal, text: result.text, value, origin, secrets: result.secrets };
  }

  /** What YAML would have made of an interpolated text, had it been written in the file without quotes. */
  #retype(text: string): string | number | boolean | null {
    for (const tag of this.#document.schema.tags) {
      if (tag.collection !== undefined || tag.default !== true || tag.test?.test(text) !== true) continue;
      const value: unknown = tag.resolve(text, () => undefined, { intAsBigInt: false });
      const plain = isScalar(value) ? value.value : value;
      return typeof plain === "number" || typeof plain === "boolean" || plain === null ? plain : text;
    }
    return text;
  }

  #checkTag(node: ParsedNode, path: KeyPath): void {
    if (node.tag === undefined || isPlainTag(node.tag)) return;
    const start = this.#source.text.lastIndexOf("!", node.range[0]);
    const { message, suggestion } = describeTag(node.tag, isScalar(node) ? node.source : "");
    this.#note(Math.max(0, start), node.range[0], message, path, suggestion);
  }

  #note(start: number, end: number, message: string, path: KeyPath, suggestion: string | null = null): void {
    this.drafts.push({ start, end, message, path, suggestion });
  }
}

function nothing(at: number): ScalarNode {
  return {
    kind: "scalar",
    start: at,
    end: at,
    size: 1,
    text: "",
    value: null,
    origin: "literal",
    style: "empty",
    source: "",
    secrets: [],
  };
}
