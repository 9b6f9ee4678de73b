import { FraiserDatabaseAdapter } from "../adapter.ts";
import type { DatabaseConfig } from "../config.ts";
import { DatabaseError } from "../errors.ts";
import type { AnyAdapterOptions } from "../factory.ts";

/** Which database a wrapper is for, and with what its own adapter is made. */
interface Source {
  readonly url: string;
  readonly options: AnyAdapterOptions;
}

/**
 * Reads what a wrapper was given.
 *
 * @throws DatabaseError `unsupported` for what can't be had a second time
 */
export function originOf(source: FraiserDatabaseAdapter | DatabaseConfig | string, options: AnyAdapterOptions): Source {
  const { url, options: given } = unchecked(source);
  const all = { ...given, ...options };
  for (const [name, value] of Object.entries(all)) {
    if (value === undefined || (typeof value !== "function" && name !== "clock")) continue;
    throw new DatabaseError(
      "unsupported",
      `The option ${name} can't be passed on to a blocking wrapper, since it is not a plain value.`,
      { hint: name === "password" ? "Give the password itself as text." : `Leave ${name} out.` },
    );
  }
  return { url, options: all };
}

function unchecked(source: FraiserDatabaseAdapter | DatabaseConfig | string): Source {
  if (typeof source === "string") return { url: source, options: {} };
  if (!(source instanceof FraiserDatabaseAdapter)) {
    const { url, baseDirectory } = source;
    return { url, options: { baseDirectory } };
  }
  const { origin } = source;
  if (origin === null) {
    throw new DatabaseError(
      "unsupported",
      "This adapter does not say where it leads, so it can't be opened once more.",
      {
        hint: "Give the URL of the database.",
      },
    );
  }
  if (origin.database === null) {
    throw new DatabaseError("unsupported", "The :memory: database of an adapter is reached by that adapter alone.", {
      hint: 'Keep the data in a file, or do everything with new SyncDatabaseWrapper("sqlite::memory:").',
    });
  }
  return { url: origin.url, options: origin.options };
}
