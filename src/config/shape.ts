import type * as z from "zod/mini";
import { describeFound, describeMap, describeSubject, type Shown } from "./describe.ts";
import { type Draft, formatPath, type KeyPath } from "./problems.ts";
import { projectSchema } from "./schema.ts";
import { knownKeys } from "./schema-keys.ts";
import { suggest } from "./suggest.ts";
import {
  isNothing,
  keySpan,
  mapAt,
  nodeAt,
  plainScalar,
  type ScalarNode,
  spanAt,
  type TreeNode,
  toPlain,
} from "./tree.ts";

type Issue = z.core.$ZodIssue;

/** What the shape of a file is found to be. */
export interface ShapeFaults {
  readonly unknownKeys: readonly Draft[];
  readonly wrongValues: readonly Draft[];
  /** Paths of known keys that were probably meant by unknown ones, so that nobody calls them missing. */
  readonly presumed: ReadonlySet<string>;
}

/** Keys of one section that people write into another. */
const SECTIONS = ["service", "health_check"];
const FRAISE: KeyPath = ["fraises", "*"];
const ENVIRONMENT: KeyPath = [...FRAISE, "environments", "*"];

/**
 * Holds a tree against the schema. Where an unset `${VAR}` is still in place, its value is taken to be right, unless
 * `keepUnset` and no value could be (a map, say): then nothing else tells that it is missing.
 */
export function shapeFaults(root: TreeNode, shown: Shown, keepUnset: boolean): ShapeFaults {
  const issues = settledIssues(root).filter((issue) => {
    const node = nodeAt(root, ...keyPath(issue.path));
    if (node?.kind !== "scalar" || node.origin !== "unresolved") return true;
    return keepUnset && node.source !== "" && !canBeScalar(issue);
  });
  const presumed = new Set<string>();
  const unknownKeys = issues
    .filter((issue) => issue.code === "unrecognized_keys")
    .flatMap((issue) => issue.keys.map((key) => unknownKey(root, [...keyPath(issue.path), key], presumed)));
  const wrongValues = issues
    .filter((issue) => issue.code !== "unrecognized_keys")
    .map((issue) => draftOf(root, issue, presumed, shown))
    .filter((draft) => draft !== null);
  return { unknownKeys, wrongValues, presumed };
}

/**
 * What came out of `${VAR}` is a number where a number is wanted, and text where text is wanted (a branch called
 * 2024): which one is only known when the first guess does not fit.
 */
function settledIssues(root: TreeNode): Issue[] {
  const other = new Set<ScalarNode>();
  const guess = (node: ScalarNode): unknown => {
    const first = plainScalar(node);
    if (!other.has(node)) return first;
    return first === node.value ? node.text : node.value;
  };
  for (;;) {
    const result = projectSchema.safeParse(toPlain(root, guess));
    const issues = (result.error?.issues ?? []).flatMap(unfold);
    let changed = false;
    for (const issue of issues) {
      const node = nodeAt(root, ...keyPath(issue.path));
      if (node?.kind !== "scalar" || node.origin === "literal" || other.has(node)) continue;
      if (node.value === node.text) continue;
      other.add(node);
      changed = true;
    }
    if (!changed) return issues;
  }
}

/** Whether a text could be right where an issue is. What kind of fraise there is must be known, though. */
function canBeScalar(issue: Issue): boolean {
  if (issue.code === "invalid_type") return !["object", "record", "array"].includes(issue.expected);
  return issue.path.at(-1) !== "type";
}

/** Of the alternatives of a union, the one whose kind of value it is says best what is wrong. */
function unfold(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const near = issue.errors.find((branch) =>
    branch.every(
      (inner) => inner.path.length > 0 || !["invalid_type", "invalid_value", "invalid_union"].includes(inner.code),
    ),
  );
  if (near === undefined || near.length === 0) return [issue];
  return near.flatMap((inner) => unfold({ ...inner, path: [...issue.path, ...inner.path] }));
}

function keyPath(path: readonly PropertyKey[]): KeyPath {
  return path.map((key) => (typeof key === "number" ? key : String(key)));
}

function unknownKey(root: TreeNode, path: KeyPath, presumed: Set<string>): Draft {
  const key = String(path.at(-1));
  const parent = path.slice(0, -1);
  const present = mapAt(root, ...parent)?.entries;
  const known = knownKeys(projectSchema, parent);
  const section = SECTIONS.find(
    (name) => known.includes(name) && knownKeys(projectSchema, [...parent, name]).includes(key),
  );
  const entry = present?.get(key);
  const draft = {
    ...(entry === undefined ? spanAt(root, path) : keySpan(entry)),
    path,
    message: `unknown key ${JSON.stringify(key)} in ${describeMap(parent)}`,
  };
  if (section !== undefined) {
    return { ...draft, message: `${draft.message}; it belongs under "${section}"`, suggestion: `${section}.${key}` };
  }
  const suggestion = suggest(
    key,
    known.filter((candidate) => present?.has(candidate) !== true),
  );
  if (suggestion !== null) presumed.add(formatPath([...parent, suggestion]));
  const elsewhere = suggestion === null ? home(key, parent) : "";
  return { ...draft, message: `${draft.message}${elsewhere}`, suggestion };
}

/** Where a key would be right that is not known where it stands. */
function home(key: string, parent: KeyPath): string {
  if (knownKeys(projectSchema, ENVIRONMENT).includes(key)) return "; it belongs to a fraise or an environment";
  if (knownKeys(projectSchema, FRAISE).includes(key)) return "; it belongs to a fraise";
  if (parent.length > 0 && knownKeys(projectSchema, []).includes(key)) return "; it belongs to the top of the file";
  return "";
}

function draftOf(root: TreeNode, issue: Issue, presumed: ReadonlySet<string>, shown: Shown): Draft | null {
  const path = keyPath(issue.path);
  const node = nodeAt(root, ...path);
  const draft = { ...spanAt(root, path), path };
  const subject = describeSubject(path);
  if (node === undefined) {
    if (presumed.has(formatPath(path))) return null;
    return { ...draft, message: `${describeMap(path.slice(0, -1))} needs the key ${subject}` };
  }
  if (isNothing(node)) return { ...draft, message: `${subject} has no value` };
  const found = issue.message.startsWith("must be") ? describeFound(node, issue.message, shown) : "";
  const words = issue.code === "invalid_value" && node.kind === "scalar" ? issue.values.map(String) : [];
  const suggestion = node.kind === "scalar" ? suggest(node.text, words) : null;
  return { ...draft, message: `${subject} ${issue.message}${found}`, suggestion };
}
