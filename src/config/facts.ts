import type { Shown } from "./describe.ts";
import type { Variables } from "./interpolate.ts";
import type { Base } from "./locations.ts";
import type { Place } from "./places.ts";
import type { Draft, KeyPath } from "./problems.ts";
import { entriesAt, keySpan, type MapEntry, type MapNode, mapAt, type TreeNode } from "./tree.ts";

/** What the checks look at. Nothing in it need have the right shape. */
export interface Facts {
  readonly root: TreeNode;
  readonly places: readonly Place[];
  /** The fraises and environments, each with the settings that stand in itself. */
  readonly levels: readonly Level[];
  readonly base: Base;
  readonly env: Variables;
  /** Whether variables that are not set are no fault. */
  readonly keepUnset: boolean;
  /** Paths of keys that are misspelt, not missing. */
  readonly presumed: ReadonlySet<string>;
  readonly shown: Shown;
}

/** A check of what depends on several keys; looks at nothing but the facts. */
export type Check = (facts: Facts) => Draft[];

/** A fraise or an environment with what stands in itself, nothing inherited. */
export interface Level {
  readonly path: KeyPath;
  readonly map: MapNode;
}

/** Every fraise and every environment of a file. */
export function levelsOf(root: TreeNode): Level[] {
  return entriesAt(root, "fraises").flatMap((fraise) => {
    const map = mapAt(fraise.value);
    if (map === undefined) return [];
    const path = ["fraises", fraise.key];
    const environments = entriesAt(map, "environments").flatMap((environment) => {
      const own = mapAt(environment.value);
      return own === undefined ? [] : [{ path: [...path, "environments", environment.key], map: own }];
    });
    return [{ path, map }, ...environments];
  });
}

/** Where a setting of a place stands: in the environment, or else in the fraise. */
export function settingPath(place: Place, ...keys: readonly [string, ...string[]]): KeyPath {
  const fraise = ["fraises", place.fraise];
  const environment = [...fraise, "environments", place.environment];
  const parent = mapAt(place.own, ...keys.slice(0, -1));
  return parent?.entries.has(keys.at(-1) ?? "") === true ? [...environment, ...keys] : [...fraise, ...keys];
}

/** A problem with a key itself. */
export function atKey(entry: MapEntry, path: KeyPath, message: string, suggestion: string | null = null): Draft {
  return { ...keySpan(entry), path, message, suggestion };
}

/** A problem with a value: the scalar is underlined, or the key of anything larger. */
export function atValue(entry: MapEntry, path: KeyPath, message: string, suggestion: string | null = null): Draft {
  const { value } = entry;
  const small = value.kind === "scalar" && value.style !== "block" && value.style !== "empty";
  return small
    ? { start: value.start, end: value.end, path, message, suggestion }
    : atKey(entry, path, message, suggestion);
}
