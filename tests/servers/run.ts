import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { serverUser } from "./places.ts";

const execute = promisify(execFile);

/** A program with its arguments, and what it has in its environment besides {@link ENVIRONMENT}. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** All that a server's programs inherit: nothing of PGDATA, MYSQL_HOME and the like. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C.UTF-8",
};

/**
 * Runs a command to its end as the user who runs the servers; what it printed.
 *
 * @throws what it printed to stderr, when it failed.
 */
export async function runAsServerUser({ file, args, env }: Command, cwd: string): Promise<string> {
  const options = { cwd, env: { ...ENVIRONMENT, HOME: cwd, ...env }, ...serverUser() };
  return (await execute(file, args, options)).stdout;
}

/** Runs a program to its end as this process's user; what it printed. */
export async function run(file: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, LC_ALL: "C.UTF-8", DEBIAN_FRONTEND: "noninteractive" };
  return (await execute(file, args, { cwd: "/", env, maxBuffer: 2 ** 26 })).stdout;
}

/** The path of a program. */
export function findFile(name: string, folders: readonly string[]): string | null {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}
