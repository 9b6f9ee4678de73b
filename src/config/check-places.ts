import { describeEnvironment } from "./describe.ts";
import { atKey, atValue, type Check, settingPath } from "./facts.ts";
import { expandPath, sharedParts } from "./locations.ts";
import type { Place } from "./places.ts";
import { formatPath } from "./problems.ts";
import { isNothing, itemsAt, nodeAt, scalarAt } from "./tree.ts";

/** What a fraise of type api can't be deployed without. */
const NEEDED = ["git_repo", "app_path"];

/** Every environment of a fraise that can be deployed says from where and to where. */
export const checkRequired: Check = ({ places, presumed }) =>
  places.flatMap((place) => {
    if (place.type !== "api") return [];
    const fraise = ["fraises", place.fraise];
    const path = [...fraise, "environments", place.environment];
    const missing = NEEDED.filter(
      (key) =>
        !place.settings.entries.has(key) &&
        !presumed.has(formatPath([...path, key])) &&
        !presumed.has(formatPath([...fraise, key])),
    );
    if (missing.length === 0) return [];
    const keys = missing.map((key) => `"${key}"`).join(" and ");
    const name = describeEnvironment(place.fraise, place.environment);
    return [atKey(place.entry, path, `${name} needs ${keys}, as every fraise of type api does`)];
  });

/** No two deployed environments share a folder, and none is the root of the file system. */
export const checkAppPaths: Check = ({ places, base }) => {
  const owners = new Map<string, Place>();
  return places.flatMap((place) => {
    const entry = place.settings.entries.get("app_path");
    const node = scalarAt(entry?.value);
    // An ETL or scheduled fraise may work in the folder of the API whose code it shares.
    if (entry === undefined || node === undefined || node.text.trim() === "") return [];
    const folder = expandPath(node.text, base);
    const path = settingPath(place, "app_path");
    if (folder === "/") return [atValue(entry, path, '"app_path" must not be the root of the file system')];
    if (place.type !== "api") return [];
    const owner = owners.get(folder);
    if (owner === undefined) {
      owners.set(folder, place);
      return [];
    }
    const mine = describeEnvironment(place.fraise, place.environment);
    const theirs = describeEnvironment(owner.fraise, owner.environment);
    return [atValue(entry, path, `"app_path" of ${mine} is also that of ${theirs}; each needs a folder of its own`)];
  });
};

/** What takes a migration back goes with one. */
export const checkMigrations: Check = ({ places }) =>
  places.flatMap((place) => {
    const entry = place.settings.entries.get("migrate_down");
    if (entry === undefined || isNothing(entry.value)) return [];
    if (entry.value.kind === "list" && entry.value.items.length === 0) return [];
    const forward = nodeAt(place.settings, "migrate");
    const some = forward !== undefined && !(forward.kind === "list" && forward.items.length === 0);
    if (some) return [];
    return [
      atKey(entry, settingPath(place, "migrate_down"), '"migrate_down" needs "migrate": there is nothing to take back'),
    ];
  });

/** No shared path is given twice, or lies in another: one link would hide the other. */
export const checkShared: Check = ({ levels, shown }) =>
  levels.flatMap(({ map, path }) => {
    const seen: { readonly parts: string; readonly text: string }[] = [];
    return itemsAt(map, "shared").flatMap((item, index) => {
      const node = scalarAt(item);
      if (node === undefined || node.origin === "unresolved") return [];
      const parts = `${sharedParts(node.text).join("/")}/`;
      const same = seen.find((other) => other.parts === parts);
      const around = seen.find((other) => parts.startsWith(other.parts) || other.parts.startsWith(parts));
      seen.push({ parts, text: shown(node) });
      if (around === undefined || parts === "/") return [];
      const place = { start: node.start, end: node.end, path: [...path, "shared", index] };
      if (same !== undefined) return [{ ...place, message: `${shown(node)} is shared twice` }];
      const [inner, outer] = parts.startsWith(around.parts) ? [shown(node), around.text] : [around.text, shown(node)];
      return [{ ...place, message: `${inner} lies inside ${outer}, which is shared as a whole` }];
    });
  });
