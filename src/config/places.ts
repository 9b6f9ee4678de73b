import { entriesAt, isNothing, type MapEntry, type MapNode, mapAt, scalarAt, type TreeNode } from "./tree.ts";

/** An environment of a fraise, with what it inherits. */
export interface Place {
  readonly fraise: string;
  readonly environment: string;
  /** `type:` of the fraise; null when it is absent or not text. */
  readonly type: string | null;
  /** The environment's key in the file. */
  readonly entry: MapEntry;
  /** What stands in the environment itself. */
  readonly own: MapNode;
  /** What stands in the fraise. */
  readonly defaults: MapNode;
  /** The settings that hold: the environment's own, else those of the fraise. */
  readonly settings: MapNode;
}

const NOT_INHERITED = new Set(["type", "description", "environments", "git", "secrets"]);
const MERGED = new Set(["health_check", "service", "env"]);

/** All environments of all fraises, in the order of the file. Parts of the wrong shape are left out. */
export function placesOf(root: TreeNode): Place[] {
  return entriesAt(root, "fraises").flatMap((fraise) => {
    const defaults = mapAt(fraise.value);
    if (defaults === undefined) return [];
    return entriesAt(defaults, "environments").flatMap((entry) => {
      const own = isNothing(entry.value) ? emptyMap(entry) : mapAt(entry.value);
      if (own === undefined) return [];
      const type = scalarAt(defaults, "type")?.text ?? null;
      const settings = inherit(defaults, own);
      return [{ fraise: fraise.key, environment: entry.key, type, entry, own, defaults, settings }];
    });
  });
}

/** Lists and scalars of the environment replace those of the fraise; `health_check`, `service` and `env` merge by key. */
function inherit(defaults: MapNode, own: MapNode): MapNode {
  const entries = new Map<string, MapEntry>();
  for (const entry of defaults.entries.values()) {
    if (!NOT_INHERITED.has(entry.key)) entries.set(entry.key, entry);
  }
  for (const entry of own.entries.values()) {
    const inherited = entries.get(entry.key);
    const [below, above] = [mapAt(inherited?.value), mapAt(entry.value)];
    if (MERGED.has(entry.key) && below !== undefined && above !== undefined) {
      const kept = entry.key === "service" ? fittingService(below, above) : [...below.entries.values()];
      const merged = new Map(kept.map((one) => [one.key, one]));
      for (const one of above.entries.values()) merged.set(one.key, one);
      entries.set(entry.key, { ...entry, value: { ...above, entries: merged } });
    } else {
      entries.set(entry.key, entry);
    }
  }
  return { ...own, entries };
}

/** Of an inherited service, what still makes sense when the environment starts it in another way. */
function fittingService(below: MapNode, above: MapNode): MapEntry[] {
  return [...below.entries.values()].filter(({ key, value }) => {
    if (above.entries.has("restart")) {
      if (key === "start" || key === "stop_timeout") return false;
      return key !== "port" || scalarAt(value)?.text !== "auto";
    }
    return key !== "restart" || !above.entries.has("start");
  });
}

function emptyMap(entry: MapEntry): MapNode {
  return { kind: "map", start: entry.keyStart, end: entry.keyEnd, size: 1, entries: new Map() };
}
