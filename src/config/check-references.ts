import { atValue, type Check, type Facts } from "./facts.ts";
import type { Draft, KeyPath } from "./problems.ts";
import { suggest } from "./suggest.ts";
import {
  entriesAt,
  itemsAt,
  type MapEntry,
  type MapNode,
  mapAt,
  type ScalarNode,
  scalarAt,
  type TreeNode,
} from "./tree.ts";

/** Branches are mapped to fraises and environments that exist. */
export const checkBranchMapping: Check = (facts) =>
  entriesAt(facts.root, "branch_mapping").flatMap((branch) => {
    const path = ["branch_mapping", branch.key];
    if (branch.value.kind === "list") {
      return branch.value.items.flatMap((item, index) => targetFaults(item, [...path, index], facts));
    }
    return targetFaults(branch.value, path, facts);
  });

function targetFaults(node: TreeNode, path: KeyPath, { root, shown }: Facts): Draft[] {
  const target = mapAt(node);
  const fraise = target?.entries.get("fraise");
  const name = known(fraise);
  if (target === undefined || fraise === undefined || name === undefined) return [];
  const fraises = mapAt(root, "fraises");
  const found = fraises?.entries.get(name.text);
  if (found === undefined) {
    const meant = suggest(name.text, fraises?.entries.keys() ?? []);
    return [atValue(fraise, [...path, "fraise"], `there is no fraise ${shown(name)}`, meant)];
  }
  const environment = target.entries.get("environment");
  const key = known(environment);
  const environments = mapAt(found.value, "environments");
  if (environment === undefined || key === undefined || environments === undefined) return [];
  if (environments.entries.has(key.text)) return [];
  const message = `fraise ${shown(name)} has no environment ${shown(key)}`;
  return [atValue(environment, [...path, "environment"], message, suggest(key.text, environments.entries.keys()))];
}

function known(entry: MapEntry | undefined): ScalarNode | undefined {
  const node = scalarAt(entry?.value);
  return node?.origin === "unresolved" ? undefined : node;
}

/** What `secrets:` names is set somewhere; a misspelt name would leave its secret in the open. */
export const checkSecrets: Check = (facts) => {
  if (facts.keepUnset) return [];
  const lists: { readonly map: TreeNode; readonly path: KeyPath }[] = [{ map: facts.root, path: [] }, ...facts.levels];
  return lists.flatMap(({ map, path }) =>
    itemsAt(map, "secrets").flatMap((item, index) => {
      const node = scalarAt(item);
      if (node === undefined || node.origin !== "literal") return [];
      const names = variableNames(facts, path);
      if (names.has(node.text)) return [];
      const message = `the secret ${JSON.stringify(node.text)} is the name of no variable: neither "env" nor the environment of this command has it`;
      const place = { start: node.start, end: node.end, path: [...path, "secrets", index] };
      return [{ ...place, message, suggestion: suggest(node.text, names) }];
    }),
  );
};

/** The variables that a list of secrets at a path can name. */
function variableNames(facts: Facts, path: KeyPath): Set<string> {
  const names = new Set(Object.keys(facts.env).filter((name) => facts.env[name] !== undefined));
  for (const env of envMapsBelow(facts.places, path)) {
    for (const name of env.entries.keys()) names.add(name);
  }
  return names;
}

/** The `env` of every environment that a list of secrets at a path is about: all, those of a fraise, or one. */
export function envMapsBelow(places: Facts["places"], path: KeyPath): MapNode[] {
  const [, fraise, , environment] = path;
  return places
    .filter((place) => fraise === undefined || place.fraise === fraise)
    .filter((place) => environment === undefined || place.environment === environment)
    .map((place) => mapAt(place.settings, "env"))
    .filter((map) => map !== undefined);
}
