import { userInfo } from "node:os";
import type { Holder } from "../ledger/index.ts";
import { currentProcess, isProcessAlive, machineId } from "../targets/index.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Who runs this process, as leases and deployments note it. */
export function currentRunner(env: Environment): Holder {
  return { ...currentProcess(), machine: `local:${machineId()}`, user: userName(env), ciRun: ciRun(env) };
}

/** Whether the process that a lease or a deployment names still runs; "unknown" for one on another machine. */
export function isHolderAlive(holder: Holder): boolean | "unknown" {
  return holder.machine === `local:${machineId()}` ? isProcessAlive(holder) : "unknown";
}

/** The person behind sudo where there is one. */
function userName(env: Environment): string {
  if (env.SUDO_USER) return env.SUDO_USER;
  try {
    return userInfo().username;
  } catch {
    return env.USER || "unknown"; // a user without an entry in the system's user database
  }
}

/** The address of the CI run, by the variables that the CI systems document. */
function ciRun(env: Environment): string | null {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  if (server && repository && run) return `${server}/${repository}/actions/runs/${run}`;
  return env.CI_JOB_URL || env.BUILD_URL || env.CIRCLE_BUILD_URL || env.BUILDKITE_BUILD_URL || null;
}
