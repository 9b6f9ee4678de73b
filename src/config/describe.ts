import type { KeyPath } from "./problems.ts";
import type { ScalarNode, TreeNode } from "./tree.ts";

/** Shows a scalar without telling secrets: as it is written in the file, with what `secrets:` names blotted out. */
export type Shown = (node: ScalarNode) => string;

/** Names a map for people: `environment "shop/production"`. */
export function describeMap(path: KeyPath): string {
  const [top, fraise, environments, environment] = path;
  if (path.length === 0) return "the file";
  if (top === "fraises" && path.length === 2) return `fraise ${JSON.stringify(fraise)}`;
  if (top === "fraises" && environments === "environments" && path.length === 4) {
    return describeEnvironment(String(fraise), String(environment));
  }
  return describeSubject(path);
}

/** Names an environment for people. */
export function describeEnvironment(fraise: string, environment: string): string {
  return `environment ${JSON.stringify(`${fraise}/${environment}`)}`;
}

/** Names the value at a path for people: `"port"`, `item 2 of "build"`. */
export function describeSubject(path: KeyPath): string {
  const last = path.at(-1);
  if (last === undefined) return "the file";
  if (typeof last === "number") return `item ${last + 1} of ${describeSubject(path.slice(0, -1))}`;
  return JSON.stringify(last);
}

/** Tells what was found in place of what "must be", as the end of that sentence. */
export function describeFound(node: TreeNode, expected: string, shown: Shown): string {
  if (node.kind === "map") return ", not a map";
  if (node.kind === "list") return ", not a list";
  if (node.origin === "unresolved") return `, but ${shown(node)} is not set`;
  if (node.origin !== "literal") return `, which the value of ${shown(node)} is not`;
  const wrong = `, not ${shown(node)}`;
  if (node.style === "quoted" && /number|port|code/.test(expected) && /^\d+$/.test(node.text)) {
    return `${wrong}; leave out the quotes`;
  }
  if (node.style === "plain" && typeof node.value !== "string" && expected.startsWith("must be text")) {
    return `${wrong}, which YAML reads as ${typeof node.value === "number" ? "a number" : "true or false"}; put it in quotes`;
  }
  return wrong;
}
