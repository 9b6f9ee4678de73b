import { DatabaseError } from "./errors.ts";
import type { PoolOptions } from "./pool-types.ts";

/**
 * A database's defaults with what the caller wants otherwise. A default minimum gives way to a smaller maximum.
 *
 * @throws DatabaseError `unsupported` for an option that is not known, or a number that makes no sense
 */
export function poolOptions(defaults: PoolOptions, given: Partial<PoolOptions> = {}): PoolOptions {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name))
      throw invalid(`The pool has no option "${name}".`, `It has ${Object.keys(defaults).join(", ")}.`);
    if (value !== undefined && !isSensible(name, value))
      throw invalid(`pool.${name} is ${String(value)}.`, `Give ${WANTED[name] ?? "milliseconds, 0 or more"}.`);
  }
  const wanted = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const options: PoolOptions = { ...defaults, ...wanted };
  if (options.min <= options.max) return options;
  if (given.min !== undefined)
    throw invalid(`pool.min is ${options.min} and pool.max only ${options.max}.`, "Give a min that is not above max.");
  return { ...options, min: options.max };
}

const WANTED: Readonly<Record<string, string>> = { min: "a whole number, 0 or more", max: "a whole number, 1 or more" };

function isSensible(name: string, value: unknown): boolean {
  if (typeof value !== "number" || Number.isNaN(value)) return false;
  return name in WANTED ? Number.isInteger(value) && value >= (name === "max" ? 1 : 0) : value >= 0;
}

function invalid(message: string, hint: string): DatabaseError {
  return new DatabaseError("unsupported", message, { hint });
}
