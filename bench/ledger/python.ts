import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { guardFolder } from "../../tests/servers/guarded.ts";
import { temporaryFolder } from "../../tests/servers/places.ts";
import { AnsweringProcess, freshProcess, inFreshProcess } from "../measure/processes.ts";
import type { Findings, Ratio } from "../measure/results.ts";
import { median } from "../measure/statistics.ts";
import type { Options } from "../options.ts";
import type { Done, Prepared } from "./rate.ts";

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL("same_writes.py", import.meta.url));
const PROCESS = new URL("rate.ts", import.meta.url);
/** How many times as long as anything else is measured they do it before; and in how many slices of half as long then. */
const [WARM_UP, SLICES] = [4, 12];

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

/** Slice by slice in turn, in ledgers of their own: a disk is fast and slow by turns, which is to meet both alike. */
async function compare(parent: string, { measureMs, rounds }: Options): Promise<{ ours: number; theirs: number }> {
  const folder = mkdtempSync(join(parent, "fraisier-bench-"));
  await guardFolder(folder);
  const [ours, theirs]: [number[], number[]] = [[], []];
  try {
    for (let round = 0; round < rounds; round++) {
      const file = (who: string) => join(folder, `${who}-${round}.db`);
      await using fraisier = freshProcess<number, Prepared | Done>(PROCESS, `sqlite://${file("ours")}`);
      await fraisier.answer();
      const { target, token } = await inFreshProcess<Prepared>(PROCESS, `sqlite://${file("theirs")}`);
      await using python = new AnsweringProcess<number, Done>("python3", [
        SCRIPT,
        file("theirs"),
        target,
        String(token),
      ]);
      const players = [
        { process: fraisier, rates: ours, count: 0, milliseconds: 0 },
        { process: python, rates: theirs, count: 0, milliseconds: 0 },
      ];
      for (const { process } of players) await process.ask(measureMs * WARM_UP);
      for (let slice = 0; slice < SLICES; slice++) {
        for (const player of slice % 2 === 0 ? players : players.toReversed()) {
          const done = (await player.process.ask(measureMs / 2)) as Done;
          player.count += done.count;
          player.milliseconds += done.milliseconds;
        }
      }
      for (const { rates, count, milliseconds } of players) rates.push((count * 1000) / milliseconds);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { ours: median(ours), theirs: median(theirs) };
}
