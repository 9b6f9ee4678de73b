import { statSync } from "node:fs";

/** What there is of an SQLite database, its log and its shared memory that others may read or write. */
export function openToOthers(file: string): string[] {
  return [file, `${file}-wal`, `${file}-shm`].filter((path) => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    return (mode & 0o077) !== 0;
  });
}
