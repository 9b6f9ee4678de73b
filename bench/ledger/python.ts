import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { guardFolder } from "../../tests/servers/guarded.ts";
import { temporaryFolder } from "../../tests/servers/places.ts";
import { inFreshProcess } from "../measure/processes.ts";
import type { Findings, Ratio } from "../measure/results.ts";
import { median } from "../measure/statistics.ts";
import type { Options } from "../options.ts";
import type { Prepared, RateAssignment } from "./rate.ts";

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL("same_writes.py", import.meta.url));
const PROCESS = new URL("rate.ts", import.meta.url);

/** Start and completion of a deployment on SQLite, beside a Python that writes the same. Nothing, where there is no Python. */
export async function measureWrites(options: Options, say: (text: string) => void): Promise<Findings> {
  const python = await run("python3", [
    "-c",
    "import sqlite3, sys; print(sys.version.split()[0], sqlite3.sqlite_version)",
  ]).catch(() => null);
  if (python === null) {
    say("python3 with sqlite3 was not found, so nothing is compared with it");
    return {};
  }
  const [version, sqlite] = python.stdout.trim().split(" ");
  const ratios: Ratio[] = [];
  for (const { where, folder, atLeast } of [
    // Where each commit is forced to the disk, as it is in earnest.
    { where: "on the disk", folder: tmpdir(), atLeast: 1 },
    // Where that costs nothing: what the programs themselves take.
    { where: "in memory", folder: temporaryFolder(), atLeast: null },
  ]) {
    const { ours, theirs } = await compare(folder, options);
    say(`start and completion ${where}: ${ours.toFixed(0)} a second, Python ${theirs.toFixed(0)}`);
    ratios.push({ id: `sqlite start and completion ${where} / Python`, value: ours / theirs, atLeast });
  }
  return { ratios, versions: { Python: `${version} with SQLite ${sqlite}` } };
}

async function compare(parent: string, options: Options): Promise<{ ours: number; theirs: number }> {
  const folder = mkdtempSync(join(parent, "fraisier-bench-"));
  await guardFolder(folder);
  const milliseconds = options.measureMs * 3;
  const ours: number[] = [];
  const theirs: number[] = [];
  try {
    for (let round = 0; round < options.rounds; round++) {
      for (const who of ["ours", "theirs"] as const) {
        const file = join(folder, `${who}-${round}.db`);
        const rate = (span: number): RateAssignment => ({ url: `sqlite://${file}`, milliseconds: span });
        const { target, token } = await inFreshProcess<Prepared>(PROCESS, rate(0));
        if (who === "ours") ours.push(await inFreshProcess<number>(PROCESS, rate(milliseconds)));
        else {
          const { stdout } = await run("python3", [SCRIPT, file, target, String(token), String(milliseconds)]);
          theirs.push(JSON.parse(stdout));
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { ours: median(ours), theirs: median(theirs) };
}
