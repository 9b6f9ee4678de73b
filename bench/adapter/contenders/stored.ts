import type { Database, Entry, Reading } from "../work.ts";

type Values = Record<string, unknown>;

/** What a query builder that leaves types to its driver must be given: JSON as text, and on SQLite dates and booleans too. */
export function storedReading(database: Database, reading: Reading): Values {
  const { active, taken_at, details } = reading;
  const stored = { ...reading, details: JSON.stringify(details) };
  return database === "sqlite" ? { ...stored, active: Number(active), taken_at: taken_at.toISOString() } : stored;
}

export function storedEntry(database: Database, entry: Entry): Values {
  return database === "sqlite" ? { ...entry, created_at: entry.created_at.toISOString() } : { ...entry };
}
