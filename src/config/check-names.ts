import { atKey, type Check, type Facts } from "./facts.ts";
import { checkName } from "./names.ts";
import type { Draft, KeyPath } from "./problems.ts";
import { entriesAt, type TreeNode } from "./tree.ts";

const DATABASE_PREFIX = "FRAISIER_DB_";

/** Fraises, environments and jobs have names that can be stored and shown; there is at least one of each of the first two. */
export const checkNames: Check = ({ root, levels }) => [
  ...namesIn(root, ["fraises"], []),
  ...levels.flatMap(({ map, path }) => [
    ...(path.length === 2 ? namesIn(map, ["environments"], path) : []),
    ...namesIn(map, ["jobs"], path),
  ]),
  ...emptyMaps(root, levels),
];

function namesIn(node: TreeNode, keys: KeyPath, parent: KeyPath): Draft[] {
  return entriesAt(node, ...keys).flatMap((entry) => {
    const fault = checkName(entry.key);
    if (fault === null) return [];
    const suggestion = entry.key === entry.key.normalize("NFC") ? null : entry.key.normalize("NFC");
    return [
      atKey(entry, [...parent, ...keys, entry.key], `the name ${JSON.stringify(entry.key)} ${fault}`, suggestion),
    ];
  });
}

function emptyMaps(root: TreeNode, levels: Facts["levels"]): Draft[] {
  return [{ map: root, path: [] as KeyPath }, ...levels.filter(({ path }) => path.length === 2)].flatMap(
    ({ map, path }) => {
      const key = path.length === 0 ? "fraises" : "environments";
      const entry = map.kind === "map" ? map.entries.get(key) : undefined;
      if (entry?.value.kind !== "map" || entry.value.entries.size > 0) return [];
      return [atKey(entry, [...path, key], `"${key}" must declare at least one`)];
    },
  );
}

/** Names in `env` are names that a shell can use, and none is the tool's own access to its database. */
export const checkEnv: Check = ({ levels }) =>
  levels.flatMap(({ map, path }) =>
    entriesAt(map, "env").flatMap((entry) => {
      const at = [...path, "env", entry.key];
      if (entry.key.toUpperCase().startsWith(DATABASE_PREFIX)) {
        const why = `variables that begin with ${DATABASE_PREFIX} are Fraisier's access to its own database; applications never get them`;
        return [atKey(entry, at, `${JSON.stringify(entry.key)} can't be set in "env": ${why}`)];
      }
      if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(entry.key)) return [];
      const fitting = entry.key.replace(/[^A-Za-z0-9_]/g, "_").replace(/^(?=\d)/, "_");
      const message = `the variable name ${JSON.stringify(entry.key)} must consist of letters, digits and "_", not beginning with a digit`;
      return [atKey(entry, at, message, fitting)];
    }),
  );
