import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  statfsSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DatabaseError } from "../errors.ts";

/**
 * File systems that reach over a network, by the magic number that Linux's statfs(2) gives. WAL needs shared memory
 * between all who have the file open, which these do not give (https://sqlite.org/wal.html, "Disadvantages").
 */
const NETWORK_FILE_SYSTEMS: Readonly<Record<number, string>> = {
  26985: "NFS",
  20859: "SMB",
  4283649346: "CIFS",
  4266872130: "SMB2",
  16914839: "9P",
  12805120: "Ceph",
  1397113167: "AFS",
  1799439955: "AFS",
  1937076805: "Coda",
  198183888: "Lustre",
  18225520: "GFS2",
  1952539503: "OCFS2",
  2020557398: "VirtualBox shared folder",
};

/** The name of the network file system with this magic number; null for a local one. */
export function networkFileSystem(magic: number): string | null {
  return NETWORK_FILE_SYSTEMS[magic >>> 0] ?? null;
}

/**
 * Makes sure, before SQLite touches anything, that a database can be kept at `path`: makes the folder and an empty
 * file readable by its owner alone where there is none.
 *
 * @throws DatabaseError `read_only`, `connection_refused` or `unsupported`, saying what stands in the way
 */
export function prepareFile(path: string, readOnly: boolean, fileSystemOf: (folder: string) => number = magicOf): void {
  const target = targetOf(path);
  const folder = dirname(target);
  if (!existsSync(path)) {
    if (readOnly)
      throw new DatabaseError("connection_refused", `There is no database file at ${path}.`, {
        hint: "Without mode=ro the file is made at the first use.",
      });
    makeFolder(folder);
  } else if (!statSync(path).isFile()) {
    throw new DatabaseError("connection_refused", `${path} is not a file, so no database can be kept in it.`, {
      hint: "Give the path of a file.",
    });
  }
  const network = networkFileSystem(fileSystemOf(folder));
  if (network !== null) {
    throw new DatabaseError(
      "unsupported",
      `${path} is on a network file system (${network}), where SQLite's write-ahead log can damage the database.`,
      {
        hint: "Keep the file on a local disk, or use a PostgreSQL or MySQL server.",
      },
    );
  }
  if (readOnly) {
    assertAccess(path, constants.R_OK, "be read");
    return;
  }
  assertAccess(folder, constants.W_OK, "be written to, and SQLite keeps its log beside the database");
  if (existsSync(path)) assertAccess(path, constants.R_OK | constants.W_OK, "be written to");
  else makeFile(target);
}

/** The one path of a file, whichever links lead to it; of one that isn't there yet, the path that it will have. */
export function realFile(path: string): string {
  const target = targetOf(path);
  try {
    return realpathSync(target);
  } catch {
    return dirname(target) === target ? target : join(realFile(dirname(target)), basename(target));
  }
}

/** Where links lead, also one that leads nowhere yet: SQLite makes the file there, and keeps its log beside it. */
function targetOf(path: string): string {
  let target = path;
  try {
    for (let links = 0; links < 40; links++) target = resolve(dirname(target), readlinkSync(target));
  } catch {
    // no link, or no longer one
  }
  return target;
}

/** Made before SQLite does, which would let everybody read it. */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw fileError(path, error);
  }
}

/** Not by `recursive`, which calls a read-only file system a missing folder. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw fileError(folder, error);
  }
}

function assertAccess(path: string, mode: number, what: string): void {
  try {
    accessSync(path, mode);
  } catch {
    throw new DatabaseError("read_only", `${path} cannot ${what}.`, {
      hint: `Change its permissions for the user that runs this, or give the database another place.`,
    });
  }
}

function fileError(path: string, error: unknown): DatabaseError {
  const { code } = error as NodeJS.ErrnoException;
  const kind =
    code === "ENOSPC"
      ? "disk_full"
      : code === "EACCES" || code === "EPERM" || code === "EROFS"
        ? "read_only"
        : "connection_refused";
  const why =
    {
      ENOSPC: "no space is left",
      EACCES: "permission denied",
      EPERM: "not permitted",
      EROFS: "the file system is read-only",
      ENOTDIR: "a part of the path is a file",
    }[code ?? ""] ?? code;
  return new DatabaseError(kind, `${path} could not be made: ${why}.`, {
    hint: "Give the database a place that you can write to.",
  });
}

function magicOf(folder: string): number {
  // Only Linux gives the same numbers everywhere.
  return process.platform === "linux" ? statfsSync(folder).type : 0;
}
