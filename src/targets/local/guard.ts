import { unlink } from "node:fs/promises";
import { type Holding, holdExclusively, sleep } from "../../db/index.ts";
import { TargetError } from "../errors.ts";
import type { Guard, GuardRequest } from "../target.ts";
import { readRecord, unlessMissing, writeFileAtomically } from "./files.ts";
import type { Layout } from "./layout.ts";
import type { Place } from "./place.ts";
import { currentProcess, isProcessAlive, type ProcessIdentity } from "./process-identity.ts";

/** Two processes that try at the same instant may both be refused: so many tries tell that from a holder. */
const TRIES = 5;
/** The longest pause between two tries, in milliseconds. */
const PAUSE_MS = 20;

/**
 * Takes the place for this process; see `Target.guard`. The folders below `app_path` must be there.
 *
 * @throws TargetError `guard_held`, `stale_token`, `app_path_unusable` when the guard's file is damaged.
 */
export async function takeGuard(place: Place, request: GuardRequest): Promise<Guard> {
  const { layout, clock } = place;
  let holding = tryToHold(layout, request.token);
  for (let tries = 1; holding.outcome === "busy" && tries < TRIES; tries++) {
    await sleep(clock, Math.random() * PAUSE_MS);
    holding = tryToHold(layout, request.token);
  }
  if (holding.outcome === "busy") throw await guardHeld(layout);
  if (holding.outcome === "stale") {
    throw new TargetError(
      "stale_token",
      `A newer deployment has worked on ${layout.appPath} since (token ${holding.seen}; this one has ${request.token}).`,
      { hint: "See what it did (fraisier history), then deploy again if that is still wanted." },
    );
  }
  const { release } = holding;
  try {
    const since = new Date(clock.now()).toISOString();
    const record = { holder: request.holder, token: request.token, since, process: currentProcess() };
    await writeFileAtomically(layout.holder, `${JSON.stringify(record)}\n`, layout.temporary);
  } catch (error) {
    release();
    throw error;
  }
  let released = false;
  return {
    async release() {
      if (released) return;
      released = true;
      // While the guard is still held: afterwards the file may be the next holder's.
      await unlessMissing(unlink(layout.holder)).finally(release);
    },
  };
}

function tryToHold(layout: Layout, token: number): Holding {
  try {
    return holdExclusively(layout.guard, token);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TargetError("app_path_unusable", `Could not lock ${layout.guard}: ${why}.`, {
      hint: "Look whether this user may write there and whether the disk is full; a damaged file may be removed when nobody deploys.",
      cause: error,
    });
  }
}

async function guardHeld(layout: Layout): Promise<TargetError> {
  const record = await readRecord(layout.holder);
  // The file may still name an earlier holder that was killed: the new one writes its own in a moment.
  const { holder, since, process } = record !== null && isAlive(record.process) ? record : {};
  const pid = isIdentity(process) ? ` (process ${process.pid})` : "";
  const who = typeof holder === "string" ? `${holder}${pid} since ${String(since)}` : "another process";
  return new TargetError("guard_held", `${layout.appPath} is being worked on by ${who}.`, {
    hint: "Wait until that is done, or end that process; then try again.",
  });
}

function isAlive(value: unknown): boolean {
  return isIdentity(value) && isProcessAlive(value);
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== "object" || value === null) return false;
  const { pid, startTime, bootId } = { pid: null, startTime: null, bootId: null, ...value };
  return typeof pid === "number" && typeof startTime === "string" && typeof bootId === "string";
}
