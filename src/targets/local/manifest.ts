import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { readRecord, unlessMissing, writeFileAtomically } from "./files.ts";
import type { Layout } from "./layout.ts";

/** What is known of a complete release. It is written last, so that a release without one is unfinished. */
export interface Manifest {
  readonly id: string;
  readonly commit: string;
  readonly branch: string | null;
  /** The first line of the commit's message. */
  readonly subject: string;
  /** ISO time with `Z`. */
  readonly madeAt: string;
  /** How many files and folders lay at the top of the commit's tree. */
  readonly entries: number;
}

/** Says that the folder of a release is about to appear: one that has this mark and no manifest is unfinished. */
export async function markUnfinished(layout: Layout, id: string): Promise<void> {
  await writeFileAtomically(markFile(layout, id), "", layout.temporary);
}

/** Whether a release has that mark. */
export async function isMarkedUnfinished(layout: Layout, id: string): Promise<boolean> {
  return (await unlessMissing(stat(markFile(layout, id)))) !== null;
}

/** Takes that mark away; harmless when there is none. */
export async function clearMark(layout: Layout, id: string): Promise<void> {
  await unlessMissing(unlink(markFile(layout, id)));
}

/** Declares a release complete. */
export async function writeManifest(layout: Layout, manifest: Manifest): Promise<void> {
  await writeFileAtomically(manifestFile(layout, manifest.id), `${JSON.stringify(manifest)}\n`, layout.temporary);
}

/** Reads a release's manifest; null when there is none that can be read. */
export async function readManifest(layout: Layout, id: string): Promise<Manifest | null> {
  const record = await readRecord(manifestFile(layout, id));
  const { commit, branch, subject, madeAt, entries } = record ?? {};
  if (typeof commit !== "string" || typeof madeAt !== "string" || typeof subject !== "string") return null;
  const known = { id, commit, subject, madeAt };
  return {
    ...known,
    branch: typeof branch === "string" ? branch : null,
    entries: typeof entries === "number" ? entries : 0,
  };
}

/** Removes a manifest; harmless when there is none. */
export async function removeManifest(layout: Layout, id: string): Promise<void> {
  await unlessMissing(unlink(manifestFile(layout, id)));
}

/** The ids of all releases that have a manifest, and of those marked as unfinished. */
export async function listManifests(layout: Layout): Promise<{ complete: string[]; unfinished: string[] }> {
  const names = (await unlessMissing(readdir(layout.manifests))) ?? [];
  const idsWith = (end: string) => names.filter((name) => name.endsWith(end)).map((name) => name.slice(0, -end.length));
  return { complete: idsWith(".json"), unfinished: idsWith(".unfinished") };
}

function manifestFile(layout: Layout, id: string): string {
  return join(layout.manifests, `${id}.json`);
}

function markFile(layout: Layout, id: string): string {
  return join(layout.manifests, `${id}.unfinished`);
}
