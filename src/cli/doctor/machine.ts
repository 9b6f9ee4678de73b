import { execa } from "execa";
import { FraisierError } from "../../db/index.ts";
import { assertGitVersion } from "../../targets/index.ts";
import type { Finding } from "./finding.ts";
import { failure, fine } from "./findings.ts";

const SUBJECT = "machine";

/** What Fraisier runs on: its own Node, which was judged at its start, and git. */
export async function examineMachine(signal: AbortSignal): Promise<Finding[]> {
  const { node, sqlite } = process.versions;
  return [fine(SUBJECT, "node", `Node.js ${node} with SQLite ${sqlite}`), await examineGit(signal)];
}

async function examineGit(signal: AbortSignal): Promise<Finding> {
  try {
    const { stdout } = await execa("git", ["version"], { cancelSignal: signal, stdin: "ignore" });
    assertGitVersion(stdout);
    return fine(SUBJECT, "git", stdout);
  } catch (error) {
    if (error instanceof FraisierError) return failure(SUBJECT, "git", error);
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const what = isMissing ? "git was not found in any folder of PATH." : "git does not run.";
    return failure(SUBJECT, "git", new FraisierError("unsupported", what, { hint: "Install git on this machine." }));
  }
}
