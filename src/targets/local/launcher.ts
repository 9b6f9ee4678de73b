import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Duplex, type Readable } from "node:stream";
import { TargetError } from "../errors.ts";
import { systemCode } from "./files.ts";
import { bootId } from "./machine.ts";
import { createPidFile, type PidFile, RUN_ID_VARIABLE, readPidFile } from "./pid-file.ts";
import { PS_START_TIME } from "./process-identity.ts";

/** How a process ended: exactly one of the two is not null. */
export interface ExitStatus {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What is to be launched. */
export interface LaunchRequest {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where the process is written down before it begins; null for one that may be forgotten. */
  readonly pidFile: string | null;
  /** `stream`: read by the caller; else file descriptors that the process writes to by itself. */
  readonly output: "stream" | { readonly stdout: number; readonly stderr: number };
}

/** A process that was launched. It leads a session and process group of its own, whose id is its pid. */
export interface Launched {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What the pid file says; null without one. */
  readonly written: PidFile | null;
  /** With `output: "stream"`. */
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  readonly exited: Promise<ExitStatus>;
}

/**
 * Writes down its own pid and start, says so on descriptor 3, waits for the answer, then becomes the command (so that
 * pid, start time and group remain). When Fraisier is killed before it answers, `read` meets the end of the stream and
 * the command never begins: there is no moment at which a command runs that the pid file does not know.
 */
const SCRIPT = `
if [ -r "/proc/$$/stat" ]; then
  read -r __fraisier <"/proc/$$/stat"
else
  __fraisier=$(${PS_START_TIME} $$)
fi
printf '%s\\n%s\\n%s\\n%s\\n' "$$" "$2" "$3" "$__fraisier" >"$1" || exit 125
echo ready >&3
read -r __fraisier <&3 || exit 125
exec 3>&-
unset __fraisier
shift 3
exec "$@"
`;

/**
 * Starts a process in a session of its own, out of reach of the terminal's Ctrl-C and hang-up. Its input is /dev/null.
 *
 * @throws TargetError `command_failed` when the system refused to start it, `app_path_unusable` when its pid file could
 * not be written.
 */
export async function launch(request: LaunchRequest): Promise<Launched> {
  if (request.pidFile === null) return started(request, request.argv, request.env, "ignore");

  const runId = await createPidFile(request.pidFile);
  const argv = ["/bin/sh", "-c", SCRIPT, "sh", request.pidFile, bootId(), runId, ...request.argv] as const;
  const env = { ...request.env, [RUN_ID_VARIABLE]: runId };
  const launched = await started(request, argv, env, "pipe");
  const channel = launched.child.stdio[3];
  if (!(channel instanceof Duplex)) throw new Error("descriptor 3 of a launched process is not a stream");
  // A process that is killed during the handshake breaks the channel; its exit says so already.
  channel.on("error", () => {});
  await Promise.race([once(channel, "data").catch(() => launched.exited), launched.exited]);
  const written = await readPidFile(request.pidFile);
  if (written === null && launched.child.exitCode !== null) {
    throw new TargetError("app_path_unusable", `Could not write the pid file ${request.pidFile}.`, {
      hint: "Look whether the disk is full, then try again.",
    });
  }
  channel.end("go\n");
  channel.resume();
  return { ...launched, written };
}

async function started(
  request: LaunchRequest,
  argv: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
  channel: "pipe" | "ignore",
): Promise<Launched> {
  const { stdout, stderr } =
    request.output === "stream" ? ({ stdout: "pipe", stderr: "pipe" } as const) : request.output;
  const [program, ...args] = argv;
  const child = spawn(program, args, {
    cwd: request.cwd,
    env,
    detached: true,
    stdio: ["ignore", stdout, stderr, channel],
  });
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
  try {
    await once(child, "spawn");
  } catch (error) {
    const code = systemCode(error) ?? "unknown reason";
    throw new TargetError("command_failed", `The system could not start ${program} in ${request.cwd} (${code}).`, {
      hint: "Look whether the folder and the program are there, and whether the machine has memory left.",
      cause: error,
    });
  }
  const pid = child.pid;
  // Never 0: a signal to group 0 would reach Fraisier itself.
  if (pid === undefined) throw new Error("a process that was spawned has no pid");
  return { child, pid, written: null, stdout: child.stdout, stderr: child.stderr, exited };
}
