import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { Sandbox } from "../../tests/e2e/sandbox.ts";
import type { CommandTime, Findings, Limit } from "../measure/results.ts";
import { summarize } from "../measure/statistics.ts";
import { DEPLOY_MB, PACKAGE_MB, READING_TIMES, VERSION_TIMES } from "../measure/targets.ts";
import type { Options } from "../options.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/fraisier.js", import.meta.url));
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MEGABYTE = 1_000_000;
const BARE = "node -e 0";

/** How many times as long as `node -e 0` each command may take. */
const COMMANDS: Readonly<Record<string, { readonly args: readonly string[]; readonly atMost: number }>> = {
  "fraisier --version": { args: ["--version"], atMost: VERSION_TIMES },
  "fraisier list": { args: ["list"], atMost: READING_TIMES },
  "fraisier status": { args: ["status"], atMost: READING_TIMES },
};

/** Measures the command line: how long it takes to start, what a deployment needs in memory, how large the package is. */
export async function measureCommand({ starts }: Options, say: (text: string) => void): Promise<Findings> {
  await using sandbox = await Sandbox.create();
  await sandbox.commit({ page: "v1" });
  const peak = await memoryOfDeployment(sandbox);
  const commands = timesOf(sandbox.folder, starts);
  const bare = commands.find((time) => time.command === BARE)?.median ?? Number.NaN;
  const limits = commands.flatMap(({ command, median: own }): Limit[] => {
    const atMost = COMMANDS[command]?.atMost;
    return atMost === undefined ? [] : [{ id: `${command}, against ${BARE}`, value: own / bare, unit: "×", atMost }];
  });
  say(`${commands.length} commands started ${starts} times each; one deployment`);
  return {
    commands,
    limits: [
      ...limits,
      { id: "installed package", value: packageBytes() / MEGABYTE, unit: "MB", atMost: PACKAGE_MB },
      ...(peak === null
        ? []
        : [{ id: "memory of a deployment's process", value: peak / MEGABYTE, unit: "MB", atMost: DEPLOY_MB } as const]),
    ],
  };
}

function timesOf(folder: string, starts: number): CommandTime[] {
  const all = {
    [BARE]: ["-e", "0"],
    ...Object.fromEntries(Object.entries(COMMANDS).map(([name, { args }]) => [name, [PROGRAM, ...args]])),
  };
  const times = new Map<string, number[]>();
  // The first turn fills the caches, Node's own of compiled code included.
  for (let turn = -1; turn < starts; turn++) {
    for (const [name, args] of Object.entries(all)) {
      const started = performance.now();
      const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
      const took = performance.now() - started;
      if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
      if (turn >= 0) times.set(name, [...(times.get(name) ?? []), took]);
    }
  }
  return [...times].map(([command, values]) => ({ command, ...summarize(values) }));
}

/** What the process had in memory at most, in bytes; null where the system does not say. */
async function memoryOfDeployment(sandbox: Sandbox): Promise<number | null> {
  const { child, ended } = sandbox.start("deploy", "shop", "production", "--json");
  let peak: number | null = null;
  const look = setInterval(() => {
    peak = peakOf(child.pid) ?? peak;
  }, 10);
  const { exitCode, stderr } = await ended;
  clearInterval(look);
  if (exitCode !== 0) throw new Error(`the deployment ended with ${exitCode}: ${stderr}`);
  return peak;
}

/** https://man7.org/linux/man-pages/man5/proc_pid_status.5.html, VmHWM: the most that it ever had. */
function peakOf(pid: number | undefined): number | null {
  try {
    const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null; // it has ended, or the system is another one
  }
}

/** What npm would install, without what the package depends on optionally. */
function packageBytes(): number {
  const { stdout, status, stderr } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`npm pack ended with ${status}: ${stderr}`);
  const [packed] = Object.values(JSON.parse(stdout)) as [{ unpackedSize: number }];
  return packed.unpackedSize;
}
