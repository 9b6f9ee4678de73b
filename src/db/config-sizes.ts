import type { DatabaseConfig } from "./config.ts";
import { DatabaseConfigError, type DatabaseSetting, type Layer } from "./config-sources.ts";
import { parseDuration } from "./duration.ts";
import type { PoolOptions } from "./pool-types.ts";

/** Where what nobody has said otherwise was said. */
export const DEFAULT_ORIGIN = "the default";

type Sizes = Pick<DatabaseConfig, "options"> & { readonly origins: Omit<DatabaseConfig["origins"], "type" | "url"> };

/**
 * Sizes and times, each from the highest source that says it.
 *
 * @param defaults those of the database's kind, against which a minimum alone is checked
 * @throws DatabaseConfigError
 */
export function sizesOf(layers: readonly Layer[], defaults: PoolOptions): Sizes {
  const said = (name: DatabaseSetting) => layers.find(({ settings }) => settings[name] !== undefined)?.settings[name];
  const read = <T>(name: DatabaseSetting, parse: (text: string) => T | null, wanted: string) => {
    const setting = said(name);
    if (setting === undefined) return undefined;
    const value = parse(setting.text);
    if (value !== null) return { value, place: setting.place };
    throw new DatabaseConfigError(`${setting.place} is "${setting.text}".`, `It takes ${wanted}.`);
  };
  const count = (least: number) => (text: string) =>
    /^\d{1,6}$/.test(text) && Number(text) >= least ? Number(text) : null;
  const milliseconds = (text: string) => {
    const seconds = parseDuration(text);
    return seconds === null ? null : Math.round(seconds * 1000);
  };
  const aTime = 'seconds, or a number with a unit: 10, 1.5, "500ms", "2m"';
  const min = read("poolMin", count(0), "a whole number, 0 or more");
  const max = read("poolMax", count(1), "a whole number, 1 or more");
  const acquireTimeout = read("acquireTimeout", milliseconds, aTime);
  const statementTimeout = read("statementTimeout", (text) => milliseconds(text) || null, `a time above 0: ${aTime}`);
  const most = max ?? { value: defaults.max, place: DEFAULT_ORIGIN };
  if (min !== undefined && min.value > most.value)
    throw new DatabaseConfigError(
      `${min.place} is ${min.value}, which is more than the maximum of ${most.value} (${most.place}).`,
      "Raise the maximum (FRAISIER_DB_POOL_MAX), or lower the minimum.",
    );
  return {
    options: {
      pool: {
        ...(min && { min: min.value }),
        ...(max && { max: max.value }),
        ...(acquireTimeout && { acquireTimeoutMs: acquireTimeout.value }),
      },
      ...(statementTimeout && { statementTimeoutMs: statementTimeout.value }),
    },
    origins: {
      ...(min && { poolMin: min.place }),
      ...(max && { poolMax: max.place }),
      ...(acquireTimeout && { acquireTimeout: acquireTimeout.place }),
      ...(statementTimeout && { statementTimeout: statementTimeout.place }),
    },
  };
}
