import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { TargetError } from "../errors.ts";

/**
 * Makes sure that a program can be started, before anything is: found on `PATH`, or at its path seen from `cwd`.
 *
 * @throws TargetError `command_failed` with exit code 127 (not found) or 126 (not executable), as a shell has them.
 */
export function requireProgram(program: string, path: string, cwd: string): void {
  const candidates = program.includes("/")
    ? [resolve(cwd, program)]
    : path.split(":").map((folder) => resolve(cwd, folder, program));
  const found = candidates.filter(isFile);
  if (found.some(isExecutable)) return;
  const name = JSON.stringify(program);
  if (found[0] !== undefined) {
    throw new TargetError("command_failed", `The program ${name} is not executable: ${found[0]}.`, {
      exitCode: 126,
      hint: "Make it executable (chmod +x, and commit that), or name its interpreter in the command.",
    });
  }
  const where = program.includes("/") ? `there is no file ${candidates[0]}` : "it is in no folder of PATH";
  throw new TargetError("command_failed", `The program ${name} was not found: ${where}.`, {
    exitCode: 127,
    hint: program.includes("/")
      ? "Correct the path; it is seen from the folder of the release."
      : "Install it on this machine, or set PATH under env to where it is.",
  });
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // A folder of PATH may be missing, or closed to this user: it is not there for a shell either.
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // That it may not be executed is the answer.
    return false;
  }
}
