import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MigrationError } from "./errors.ts";

/** One migration as its file has it. */
export interface MigrationFile {
  /** The number that its name begins with. */
  readonly version: number;
  /** The file's name without `.sql`, e.g. `001_create_users`. */
  readonly name: string;
  readonly path: string;
  /** SHA-256 of the file, neutral to line endings and to a byte order mark. */
  readonly checksum: string;
  /** What `-- migrate:up` holds. */
  readonly up: string;
  /** The line of the file on which `up` begins, from 1. */
  readonly upLine: number;
  /** What `-- migrate:down` holds; null when the file has no such section. */
  readonly down: string | null;
  /** The line of the file on which `down` begins, from 1. */
  readonly downLine: number;
  /** False with `-- migrate:no-transaction`: its statements are not applied in one transaction. */
  readonly isTransactional: boolean;
}

const FILE_NAME = /^(\d+)_[A-Za-z0-9_-]+\.sql$/;
/** Whatever looks like a mark has to be one: what goes down must never be taken for what goes up. */
const MARK = /^[ \t]*--[ \t]*migrate[ \t]*:.*$/gim;
const SECTION = /^[ \t]*--[ \t]*migrate:(up|down|no-transaction)[ \t]*$/;
const COMMENT = /--.*|\/\*[\s\S]*?\*\//g;

/**
 * Reads the migrations of a folder, in the order of their numbers.
 *
 * @throws MigrationError `migration_unreadable` or `migration_duplicate`, naming the file
 */
export async function readMigrations(folder: string): Promise<MigrationFile[]> {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    throw new MigrationError(
      "migration_unreadable",
      `The folder of migrations ${folder} cannot be read (${cause.code}).`,
      { cause, hint: "Give the folder that holds the .sql files." },
    );
  });
  const files: MigrationFile[] = [];
  // One that ends with .SQL was meant to be a migration as well; it is not passed over in silence.
  for (const fileName of names.filter((name) => /\.sql$/i.test(name)).sort())
    files.push(await readMigration(folder, fileName));
  files.sort((a, b) => a.version - b.version);
  const twin = files.find((file, index) => files[index + 1]?.version === file.version);
  if (twin) {
    const other = files.find((file) => file.version === twin.version && file !== twin);
    throw new MigrationError("migration_duplicate", `${twin.path} and ${other?.name}.sql have the same number.`, {
      hint: "Give one of them the next free number.",
    });
  }
  return files;
}

async function readMigration(folder: string, fileName: string): Promise<MigrationFile> {
  const path = join(folder, fileName);
  const version = FILE_NAME.exec(fileName)?.[1];
  if (version === undefined) {
    throw new MigrationError("migration_unreadable", `${path} has no name of the form 001_what_it_does.sql.`, {
      hint: "Rename the file, or move it elsewhere.",
    });
  }
  if (!Number.isSafeInteger(Number(version))) {
    throw new MigrationError("migration_unreadable", `${path} has a number above ${Number.MAX_SAFE_INTEGER}.`, {
      hint: "Give it a smaller one, such as the date and time with 14 digits.",
    });
  }
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const isFolder = cause.code === "EISDIR";
    throw new MigrationError(
      "migration_unreadable",
      isFolder ? `${path} is a folder, and not a file.` : `${path} cannot be read (${cause.code}).`,
      { cause, hint: isFolder ? "Move the folder elsewhere." : "Check the permissions of the file." },
    );
  });
  const text = decodeUtf8(bytes, path).replaceAll("\r\n", "\n");
  const checksum = createHash("sha256").update(text).digest("hex");
  return { version: Number(version), name: fileName.slice(0, -".sql".length), path, checksum, ...sections(text, path) };
}

function decodeUtf8(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new MigrationError("migration_unreadable", `${path} is not UTF-8.`, { hint: "Save the file as UTF-8." });
  }
}

function sections(
  text: string,
  path: string,
): Pick<MigrationFile, "up" | "upLine" | "down" | "downLine" | "isTransactional"> {
  const all = [...text.matchAll(MARK)].map((mark) => ({
    name: SECTION.exec(mark[0])?.[1] ?? "",
    start: mark.index,
    end: mark.index + mark[0].length,
  }));
  const isTransactional = all[0]?.name !== "no-transaction";
  const marks = isTransactional ? all : all.slice(1);
  const names = marks.map(({ name }) => name).join();
  if (names !== "up" && names !== "up,down") {
    throw new MigrationError(
      "migration_unreadable",
      `${path} needs the line "-- migrate:up" and, after it, at most one "-- migrate:down".`,
      { hint: 'Put the statements below these lines; "-- migrate:no-transaction" may stand before them.' },
    );
  }
  const [up, down] = marks as [(typeof marks)[0], (typeof marks)[0]?];
  if (text.slice(0, up.start).replace(COMMENT, "").trim() !== "") {
    throw new MigrationError("migration_unreadable", `${path} has statements before "-- migrate:up".`, {
      hint: "Put them below that line.",
    });
  }
  const lineOf = (offset: number) => text.slice(0, offset).split("\n").length;
  return {
    up: text.slice(up.end, down?.start),
    upLine: lineOf(up.end),
    down: down === undefined ? null : text.slice(down.end),
    downLine: down === undefined ? 0 : lineOf(down.end),
    isTransactional,
  };
}
