import { type LoadOptions, readProject } from "./load.ts";
import { checkText } from "./parse.ts";
import { formatPath, type KeyPath } from "./problems.ts";
import { displayPath } from "./render.ts";
import { entriesAt, isNothing, nodeAt, type ScalarNode, type TreeNode } from "./tree.ts";

/** One value that fraises.yaml says. */
export interface ListedValue {
  /** The keys that lead to it, of an environment with what it inherits: `fraises.shop.environments.production.branch`. */
  readonly key: string;
  readonly value: string;
  /** Where it stands: `fraises.yaml:12:8`, and the variable that it came from. */
  readonly origin: string;
}

/** What fraises.yaml says, every value with its place. */
export interface Listing {
  /** The absolute path of fraises.yaml. */
  readonly file: string;
  readonly values: readonly ListedValue[];
  /** What has to be masked in the values. */
  readonly secretValues: readonly string[];
}

/** Lists what fraises.yaml says. Variables that are not set stay as they are written. @throws ConfigError */
export function listProject(options: Omit<LoadOptions, "unset">): Listing {
  const { text, ...parseOptions } = readProject({ ...options, unset: "keep" });
  const { source, root, places, secrets } = checkText(text, parseOptions);
  const name = displayPath(source.file, options.cwd);
  const values: ListedValue[] = [];
  const list = (node: TreeNode, path: KeyPath): void => {
    if (node.kind === "map") for (const entry of node.entries.values()) list(entry.value, [...path, entry.key]);
    else if (node.kind === "list") for (const [index, item] of node.items.entries()) list(item, [...path, index]);
    else if (!isNothing(node))
      values.push({
        key: formatPath(path),
        value: node.text,
        origin: `${name}:${source.placeOf(node.start)}${via(node)}`,
      });
  };
  for (const { key, value } of entriesAt(root)) if (key !== "fraises" && !key.startsWith("x-")) list(value, [key]);
  for (const fraise of entriesAt(root, "fraises")) {
    for (const key of ["type", "description"]) {
      const node = nodeAt(fraise.value, key);
      if (node !== undefined) list(node, ["fraises", fraise.key, key]);
    }
    for (const place of places.filter((one) => one.fraise === fraise.key))
      list(place.settings, ["fraises", fraise.key, "environments", place.environment]);
  }
  return { file: source.file, values, secretValues: secrets.values };
}

/** The variables of which a value was made, as they are written. */
function via({ origin, source }: ScalarNode): string {
  if (origin === "literal") return "";
  const variables = source.match(/\$\{[A-Za-z_][A-Za-z0-9_]*/g) ?? [];
  return `, ${[...new Set(variables)].map((text) => `${text}}`).join(", ")}${origin === "unresolved" ? " is not set" : ""}`;
}
