import { constants, type Stats } from "node:fs";
import { access, lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Service } from "../../config/index.ts";
import { freeSpace, LITTLE_SPACE, nearestFolder, spaceText } from "../../ledger/index.ts";
import { TargetError } from "../errors.ts";
import type { TargetCheck } from "../target.ts";
import { systemCode, unlessMissing } from "./files.ts";
import type { Layout } from "./layout.ts";
import type { Place } from "./place.ts";
import { findPortOwner } from "./port-owner.ts";
import { isPortFree } from "./ports.ts";
import { refuseForeignCurrent } from "./releases.ts";
import type { LocalService } from "./service.ts";

const OWNER = "Run Fraisier as the user who owns it, or give it to this user:";

/** What would hinder a deployment here; see `Target.checkup`. */
export async function checkPlace({ layout, settings }: Place, service: LocalService): Promise<TargetCheck[]> {
  return [
    await checkFolder(layout),
    await checkModes(layout),
    ...(settings.service === null ? [] : [await checkPort(settings.service, service)]),
    await checkSpace(layout),
  ];
}

async function checkFolder(layout: Layout): Promise<TargetCheck> {
  const { appPath, releases, shared, state } = layout;
  const failed = (text: string, hint: string): TargetCheck => problem("folder", "app_path_unusable", text, hint);
  const there = nearestFolder(appPath);
  try {
    for (const folder of [there, releases, shared, state]) {
      const found = await unlessMissing(stat(folder));
      if (found === null) continue;
      if (!found.isDirectory())
        return failed(`${folder} is no folder`, "Move it away, or give app_path another folder.");
      await access(folder, constants.W_OK | constants.X_OK);
    }
    if (there !== appPath) return fine("folder", `${appPath} is made in ${there} by the first deployment`);
    await refuseForeignCurrent(layout);
    return fine("folder", `${appPath} can be written`);
  } catch (error) {
    if (error instanceof TargetError) return failed(error.message, error.hint ?? "");
    const folder = (error as { path?: string }).path ?? appPath;
    const isReadOnly = systemCode(error) === "EROFS";
    return failed(
      `${folder} cannot be written (${systemCode(error)})`,
      isReadOnly
        ? "Mount it for writing, or give app_path another folder."
        : `${OWNER} chown -R "$(id -un)" ${appPath}`,
    );
  }
}

/** What Fraisier keeps may hold what a log or a command printed: it is for its own user alone. */
async function checkModes({ state, manifests, running }: Layout): Promise<TargetCheck> {
  const kept = [state];
  for (const folder of [state, manifests, running])
    kept.push(...(await filesIn(folder)).map((name) => join(folder, name)));
  const open: string[] = [];
  const foreign: string[] = [];
  for (const path of kept) {
    const found = await unlessMissing(lstat(path));
    if (found === null) continue;
    if ((found.mode & 0o077) !== 0) open.push(path);
    if (isForeign(found)) foreign.push(path);
  }
  if (foreign.length > 0)
    return problem(
      "modes",
      "app_path_unusable",
      `${few(foreign)} belongs to another user`,
      `${OWNER} chown -R "$(id -un)" ${state}`,
    );
  if (open.length > 0)
    return {
      name: "modes",
      outcome: "warning",
      text: `others may look into ${few(open)}`,
      hint: `Close it: chmod -R go-rwx ${state}`,
      kind: null,
    };
  return fine("modes", kept.length === 1 ? "nothing is kept yet" : "what is kept is closed to others");
}

/** Root may write everybody's files. */
const isForeign = ({ uid }: Stats): boolean => {
  const own = process.getuid?.() ?? 0;
  return own !== 0 && uid !== own;
};

async function filesIn(folder: string): Promise<string[]> {
  const entries = (await unlessMissing(readdir(folder, { withFileTypes: true }))) ?? [];
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

const few = (paths: readonly string[]): string =>
  paths.length <= 3 ? paths.join(", ") : `${paths.slice(0, 3).join(", ")} and ${paths.length - 3} more`;

async function checkPort({ kind, port: wanted }: Service, service: LocalService): Promise<TargetCheck> {
  const port = await service.port();
  if (port === null)
    return fine("port", wanted === "auto" ? "a free one is picked by the first deployment" : "none is declared");
  if (await isPortFree(port)) return fine("port", `${port} is free`);
  const state = await service.state();
  if (state?.running && state.port === port) return fine("port", `the service itself has ${port}`);
  const pid = await findPortOwner(port);
  const who = pid === null ? "something else" : `process ${pid}`;
  if (kind === "command") return fine("port", `${who} has ${port}, as the service that is restarted may`);
  if (wanted === "auto") return fine("port", `${who} has ${port}; another one is picked by the next deployment`);
  return problem(
    "port",
    "port_taken",
    `${who} listens on ${port}`,
    `Stop that (${pid === null ? `lsof -i :${port} tells what it is` : `ps -fp ${pid} tells what it is`}), or give the service another port.`,
  );
}

async function checkSpace({ appPath }: Layout): Promise<TargetCheck> {
  const space = await freeSpace(appPath);
  const text = spaceText(space);
  const hint = `Make room in ${space.folder}; keep_releases bounds what Fraisier keeps.`;
  if (space.files === 0) return problem("space", "app_path_unusable", `${space.folder} can have no more files`, hint);
  if (space.bytes === 0) return problem("space", "app_path_unusable", text, hint);
  return space.bytes >= LITTLE_SPACE
    ? fine("space", text)
    : { name: "space", outcome: "warning", text, hint, kind: null };
}

const fine = (name: TargetCheck["name"], text: string): TargetCheck => ({
  name,
  outcome: "ok",
  text,
  hint: null,
  kind: null,
});

const problem = (
  name: TargetCheck["name"],
  kind: NonNullable<TargetCheck["kind"]>,
  text: string,
  hint: string,
): TargetCheck => ({ name, outcome: "failed", text, hint, kind });
