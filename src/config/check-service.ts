import { atKey, atValue, type Check, type Facts, settingPath } from "./facts.ts";
import type { Place } from "./places.ts";
import { type Draft, formatPath } from "./problems.ts";
import { isNothing, mapAt, nodeAt, scalarAt } from "./tree.ts";

/** `service` has exactly one of `start` and `restart`, and only what goes with it. */
export const checkService: Check = (facts) => [
  ...facts.levels.flatMap(({ map, path }) => {
    const restart = mapAt(map, "service")?.entries.get("restart");
    const both = restart !== undefined && nodeAt(map, "service", "start") !== undefined;
    if (!both) return [];
    const message =
      '"service" has both "start" and "restart"; either Fraisier runs the process, or something else does';
    return [atKey(restart, [...path, "service", "restart"], message)];
  }),
  ...facts.places.flatMap((place) => [...mannerFaults(place, facts), ...restartFaults(place)]),
];

function mannerFaults(place: Place, facts: Facts): Draft[] {
  const entry = place.settings.entries.get("service");
  const service = mapAt(entry?.value);
  if (entry === undefined || service === undefined) return [];
  const path = settingPath(place, "service");
  const meant = ["start", "restart"].some(
    (key) =>
      service.entries.has(key) ||
      facts.presumed.has(formatPath([...path, key])) ||
      facts.presumed.has(formatPath(["fraises", place.fraise, "service", key])),
  );
  if (meant || scalarAt(place.settings, "systemd_service") !== undefined) return [];
  return [atKey(entry, path, '"service" needs "start" (a process that Fraisier runs) or "restart" (a command)')];
}

function restartFaults(place: Place): Draft[] {
  const service = mapAt(place.settings, "service");
  if (service === undefined || service.entries.has("start")) return [];
  const restarts = service.entries.has("restart") || scalarAt(place.settings, "systemd_service") !== undefined;
  if (!restarts) return [];
  const faults: Draft[] = [];
  const port = service.entries.get("port");
  if (port !== undefined && scalarAt(port.value)?.text === "auto") {
    const message =
      '"port" can\'t be "auto" with "restart": Fraisier does not start the process, so it can\'t tell it a port; give the number';
    faults.push(atValue(port, settingPath(place, "service", "port"), message));
  }
  const stop = service.entries.get("stop_timeout");
  if (stop !== undefined) {
    const message = '"stop_timeout" goes with "start" only; with "restart" something else stops the process';
    faults.push(atKey(stop, settingPath(place, "service", "stop_timeout"), message));
  }
  return faults;
}

/** A health check has a URL, and a port to put into it. */
export const checkHealth: Check = (facts) =>
  facts.places.flatMap((place) => {
    const entry = place.settings.entries.get("health_check");
    const health = mapAt(entry?.value);
    if (entry === undefined || health === undefined) return [];
    const path = settingPath(place, "health_check");
    const url = health.entries.get("url");
    if (url === undefined) {
      const inherited = ["fraises", place.fraise, "health_check", "url"];
      const misspelt = [formatPath([...path, "url"]), formatPath(inherited)].some((key) => facts.presumed.has(key));
      return misspelt ? [] : [atKey(entry, path, '"health_check" needs the key "url"')];
    }
    const text = scalarAt(url.value)?.text ?? "";
    const port = nodeAt(place.settings, "service", "port");
    if (!text.includes("{port}") || (port !== undefined && !isNothing(port))) return [];
    const message = '"url" has {port}, but "service" has no "port"';
    return [atValue(url, settingPath(place, "health_check", "url"), message)];
  });
