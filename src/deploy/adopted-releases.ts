import type { Deployment, Identity, Ledger } from "../ledger/index.ts";
import { DeployError, type DeployErrorKind } from "./errors.ts";

const MOST = 100;

/**
 * What the Python Fraisier deployed successfully, newest first; at most 100. It knew of no projects, and kept no releases that
 * could serve again.
 */
export async function adoptedReleases(
  ledger: Ledger,
  { fraise, environment }: Identity,
): Promise<readonly Deployment[]> {
  const filter = { project: "", fraise, environment, status: ["success"], limit: MOST } as const;
  return (await ledger.listDeployments(filter)).filter(({ target, job }) => target === null && job === null);
}

/** Why nobody can go back to a release, and how its commit comes into service all the same. */
export function adoptedReleaseError(
  kind: DeployErrorKind,
  beginning: string,
  { fraise, environment }: Identity,
  gitCommit: string | null,
): DeployError {
  return new DeployError(kind, `${beginning} the Python Fraisier, whose releases cannot be gone back to.`, {
    hint:
      gitCommit === null
        ? `See what was deployed: fraisier history --fraise ${fraise} --environment ${environment}`
        : `Deploy its commit anew: fraisier deploy ${fraise} ${environment} --ref ${gitCommit}`,
  });
}
