import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../db/index.ts";
import type { StepIo } from "../target.ts";
import { systemCode, unlessMissing } from "./files.ts";
import type { Layout } from "./layout.ts";
import { clearMark, listManifests, removeManifest } from "./manifest.ts";
import { ownershipOf, readPidFile, removePidFile } from "./pid-file.ts";
import { endGroup } from "./process-group.ts";
import { currentRelease } from "./releases.ts";
import { discard, removeTree } from "./remove-tree.ts";

/** How long a forgotten process group has between SIGTERM and SIGKILL, in milliseconds. */
const GRACE_MS = 2_000;

/**
 * Ends the commands that a dead predecessor left running, then removes what it left unfinished. The service keeps
 * running. Call it while the guard is held.
 */
export async function clearLeftovers(layout: Layout, clock: Clock, io: StepIo): Promise<void> {
  const files = (await unlessMissing(readdir(layout.running))) ?? [];
  await Promise.all(files.map((name) => endForgotten(join(layout.running, name), clock, io)));
  io.signal.throwIfAborted();
  await discardUnfinished(layout);
  for (const folder of [layout.temporary, layout.trash]) await emptyFolder(folder, io);
}

/** Ends the group that a pid file names, if it is certainly that group, and removes the file. */
async function endForgotten(file: string, clock: Clock, io: StepIo): Promise<void> {
  const pidFile = await readPidFile(file);
  const ownership = pidFile === null ? "ended" : ownershipOf(pidFile);
  if (pidFile !== null && (ownership === "running" || ownership === "orphaned")) {
    io.onOutput(
      "stderr",
      `ending a command that an interrupted deployment left running (process ${pidFile.leader.pid})`,
    );
    if ((await endGroup(pidFile.leader.pid, GRACE_MS, clock)) === "forbidden") {
      io.onOutput("stderr", `process group ${pidFile.leader.pid} belongs to another user and may still run`);
      return;
    }
  }
  if (pidFile !== null && ownership === "unproven") {
    io.onOutput("stderr", `process group ${pidFile.leader.pid} may be left of an interrupted command; it is let live`);
  }
  await removePidFile(file);
}

/** Only folders that Fraisier marked are removed: others in `releases/` may be another tool's, and all that there is. */
async function discardUnfinished(layout: Layout): Promise<void> {
  const { complete, unfinished } = await listManifests(layout);
  const current = await currentRelease(layout);
  for (const id of unfinished) {
    if (!complete.includes(id) && id !== current) await discard(join(layout.releases, id), layout.trash);
    await clearMark(layout, id);
  }
  for (const id of complete) {
    if ((await unlessMissing(stat(join(layout.releases, id)))) === null) await removeManifest(layout, id);
  }
}

async function emptyFolder(folder: string, io: StepIo): Promise<void> {
  for (const name of (await unlessMissing(readdir(folder))) ?? []) {
    try {
      await removeTree(join(folder, name));
    } catch (error) {
      const code = systemCode(error);
      if (code === null) throw error;
      // Rubbish that can't be removed (root's, made by a build in a container) is no reason not to deploy.
      io.onOutput("stderr", `could not remove ${join(folder, name)} (${code})`);
    }
  }
}
