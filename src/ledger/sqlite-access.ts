import { constants, existsSync, statSync } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import type { SqliteLocation } from "../db/index.ts";
import { nearestFolder } from "./free-space.ts";

/** Why a database file can't be written, or made, and what to do; null when it can. */
export async function whyReadOnly({
  path,
  readOnly,
}: SqliteLocation): Promise<{ readonly why: string; readonly hint: string } | null> {
  if (readOnly) return { why: "its URL says mode=ro", hint: "Take mode=ro out of the URL." };
  const folder = nearestFolder(dirname(path));
  if (!statSync(folder).isDirectory())
    return { why: `${folder} is no folder`, hint: "Choose another path for the database." };
  // SQLite keeps its log in files beside the database.
  for (const place of [...(existsSync(path) ? [path] : []), folder]) {
    if (await isWritable(place)) continue;
    return { why: `${place} is not this user's to write`, hint: `Give this user permission to write ${place}.` };
  }
  return null;
}

function isWritable(place: string): Promise<boolean> {
  return access(place, constants.W_OK).then(
    () => true,
    () => false,
  );
}
