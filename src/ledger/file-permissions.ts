import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseError } from "../db/index.ts";
import { nearestFolder } from "./free-space.ts";

/** What the permissions of an SQLite file come to. */
export interface FilePermissions {
  readonly outcome: "ok" | "warning" | "failed";
  readonly text: string;
  readonly hint: string | null;
  /** Why no deployment could be remembered. */
  readonly error: DatabaseError | null;
}

/** Whether an SQLite file and its folder can be written, and are closed to others. Changes nothing. */
export function filePermissions(file: string): FilePermissions {
  const folder = nearestFolder(dirname(file));
  if (!statSync(folder).isDirectory()) return failed(`${folder} is no folder`, "Choose another path for the database.");
  if (!isWritable(folder))
    return failed(
      `this user may not write the folder ${folder}, which SQLite must`,
      `Run fraisier as the user who owns ${folder}, or give it to this one.`,
    );
  const open = [file, `${file}-wal`, `${file}-shm`].filter((path) => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    return (mode & 0o077) !== 0;
  });
  if (open.length > 0)
    return {
      outcome: "warning",
      text: `others may read or write ${open.join(", ")}`,
      hint: `Close them: chmod 600 ${open.join(" ")}`,
      error: null,
    };
  return { outcome: "ok", text: "this user's to write, and closed to others", hint: null, error: null };
}

function failed(text: string, hint: string): FilePermissions {
  return { outcome: "failed", text, hint, error: new DatabaseError("read_only", `No database can be there: ${text}.`) };
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false; // that it may not be is the answer
  }
}
