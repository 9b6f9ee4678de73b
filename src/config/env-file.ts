import { statSync } from "node:fs";
import { parseEnv } from "node:util";
import type { Unset, Variables } from "./interpolate.ts";
import { readText } from "./read-text.ts";

/**
 * The variables of a `.env` file; none when there is no such file. A folder of that name is somebody's Python environment;
 * with `unset` "keep", a file that this user may not read says nothing.
 *
 * @throws ConfigError
 */
export function readEnvFile(file: string, cwd: string, unset: Unset): Variables {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() !== false) return {};
  try {
    return parseEnv(readText(file, cwd).replace(/^\uFEFF/, ""));
  } catch (error) {
    if (unset === "keep") return {};
    throw error;
  }
}
