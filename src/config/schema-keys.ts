import type * as z from "zod/mini";
import type { KeyPath } from "./problems.ts";

/** The part of a schema that a key or index leads to; undefined when there is none. */
function step(schema: z.core.$ZodType, key: string | number): z.core.$ZodType | undefined {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "object":
      return def.shape[key];
    case "record":
      return def.valueType;
    case "array":
      return def.element;
    case "optional":
    case "nullable":
      return step(def.innerType, key);
    case "union":
      return def.options.map((option) => step(option, key)).find((found) => found !== undefined);
    default:
      return undefined;
  }
}

function keysOf(schema: z.core.$ZodType): string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === "object") return Object.keys(def.shape);
  return def.type === "optional" || def.type === "nullable" ? keysOf(def.innerType) : [];
}

/** The keys that a schema knows at a path; none where any key is allowed. */
export function knownKeys(schema: z.core.$ZodType, path: KeyPath): string[] {
  let current: z.core.$ZodType | undefined = schema;
  for (const key of path) current = current && step(current, key);
  return current === undefined ? [] : keysOf(current);
}
