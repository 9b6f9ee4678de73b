import type { KeyPath } from "./problems.ts";

/** A value of the file with its offsets; aliases, merge keys and `${…}` are resolved. */
export type TreeNode = ScalarNode | MapNode | ListNode;

interface Span {
  /** Offset of its first character. */
  readonly start: number;
  /** Offset after its last character. */
  readonly end: number;
  /** How many nodes it is made of when aliases are written out. */
  readonly size: number;
}

/** A text, number, boolean or null. */
export interface ScalarNode extends Span {
  readonly kind: "scalar";
  /** Its text: quotes removed, but a number as it is written (`1.10`). */
  readonly text: string;
  /** What YAML's core schema makes of that text. */
  readonly value: string | number | boolean | null;
  /** Whether a `${…}` was replaced in it, or left in place because it is not set. */
  readonly origin: "literal" | "interpolated" | "unresolved";
  /** `plain` without quotes, `quoted` with, `block` for `|` and `>`, `empty` when nothing is written. */
  readonly style: "plain" | "quoted" | "block" | "empty";
  /** As it is written in the file. */
  readonly source: string;
  /** Values of variables that became part of it. */
  readonly secrets: readonly string[];
}

/** One key of a map. */
export interface MapEntry {
  readonly key: string;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: TreeNode;
}

export interface MapNode extends Span {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface ListNode extends Span {
  readonly kind: "list";
  readonly items: readonly TreeNode[];
}

/** The node that keys and indexes lead to; undefined when there is none. */
export function nodeAt(node: TreeNode | undefined, ...path: KeyPath): TreeNode | undefined {
  let current = node;
  for (const key of path) {
    if (current?.kind === "map") current = current.entries.get(String(key))?.value;
    else if (current?.kind === "list" && typeof key === "number") current = current.items[key];
    else return undefined;
  }
  return current;
}

/** The offset after the last node that a path still leads to. */
export function reachOf(root: TreeNode, path: KeyPath): number {
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(root, ...path.slice(0, length));
    if (node !== undefined) return node.end;
  }
  return root.end;
}

/** The map that keys lead to; undefined when there is none or it is something else. */
export function mapAt(node: TreeNode | undefined, ...path: KeyPath): MapNode | undefined {
  const found = nodeAt(node, ...path);
  return found?.kind === "map" ? found : undefined;
}

/** The scalar that keys lead to; undefined when there is none or it is something else, null included. */
export function scalarAt(node: TreeNode | undefined, ...path: KeyPath): ScalarNode | undefined {
  const found = nodeAt(node, ...path);
  return found?.kind === "scalar" && !isNothing(found) ? found : undefined;
}

/** The items of the list that keys lead to; none when there is none or it is something else. */
export function itemsAt(node: TreeNode | undefined, ...path: KeyPath): readonly TreeNode[] {
  const found = nodeAt(node, ...path);
  return found?.kind === "list" ? found.items : [];
}

/** The entries of the map that keys lead to; none when there is none or it is something else. */
export function entriesAt(node: TreeNode | undefined, ...path: KeyPath): readonly MapEntry[] {
  return [...(mapAt(node, ...path)?.entries.values() ?? [])];
}

/** Whether a key has no value: nothing is written, or `null`. */
export function isNothing(node: TreeNode): boolean {
  return node.kind === "scalar" && node.value === null && node.origin === "literal";
}

/** What of the text to underline for a problem at a path: a scalar itself, the key of anything larger. */
export function spanAt(root: TreeNode, path: KeyPath): { readonly start: number; readonly end: number } {
  for (let length = path.length; length > 0; length--) {
    const parent = nodeAt(root, ...path.slice(0, length - 1));
    const key = path[length - 1];
    if (parent?.kind === "map") {
      const entry = parent.entries.get(String(key));
      if (entry !== undefined) {
        const whole = length < path.length || entry.value.kind !== "scalar" || entry.value.start === entry.value.end;
        return whole || entry.value.style === "block" ? keySpan(entry) : entry.value;
      }
    } else if (parent?.kind === "list" && typeof key === "number") {
      const item = parent.items[key];
      if (item !== undefined) return item;
    }
  }
  return { start: root.start, end: root.start + 1 };
}

/** The place of a key. */
export function keySpan(entry: MapEntry): { readonly start: number; readonly end: number } {
  return { start: entry.keyStart, end: entry.keyEnd };
}

/** The plain value of a node, as JSON would have it. Merged and aliased parts are copies. */
export function toPlain(node: TreeNode, choose: (node: ScalarNode) => unknown = plainScalar): unknown {
  if (node.kind === "scalar") return choose(node);
  if (node.kind === "list") return node.items.map((item) => toPlain(item, choose));
  const plain: Record<string, unknown> = {};
  for (const { key, value } of node.entries.values()) plain[key] = toPlain(value, choose);
  return plain;
}

/** A scalar as YAML reads it; what was interpolated inside quotes is text. */
export function plainScalar(node: ScalarNode): string | number | boolean | null {
  return node.style === "plain" || node.style === "empty" ? node.value : node.text;
}
