import { isAbsolute, join } from "node:path";
import { TargetError } from "../errors.ts";

/** Where everything lies below one `app_path`. All paths are absolute. */
export interface Layout {
  readonly appPath: string;
  /** A relative symbolic link to the release that serves. */
  readonly current: string;
  /** One folder for each release. */
  readonly releases: string;
  /** What all releases share. */
  readonly shared: string;
  /** Fraisier's own folder (mode 0700): everything below lies in it. */
  readonly state: string;
  /** The file that is locked while a process works here. */
  readonly guard: string;
  /** Who has the guard, for the messages that others get. */
  readonly holder: string;
  /** The bare repository that commits are fetched into. */
  readonly cache: string;
  /** `<id>.json` for each complete release, `<id>.unfinished` for one that is being made. */
  readonly manifests: string;
  /** A pid file for each command that runs now. */
  readonly running: string;
  /** Things being made; whatever a dead process left here is rubbish. */
  readonly temporary: string;
  /** Things being removed. */
  readonly trash: string;
  readonly serviceRecord: string;
  readonly servicePid: string;
  readonly serviceLog: string;
}

/**
 * Tells where everything lies below `appPath`, an absolute path. Touches nothing.
 *
 * @throws TargetError `app_path_unusable` when the path is not absolute, or is `/`.
 */
export function layoutOf(appPath: string): Layout {
  if (!isAbsolute(appPath) || join(appPath, ".") === "/") {
    throw new TargetError("app_path_unusable", `app_path is ${JSON.stringify(appPath)}, not an absolute path.`, {
      hint: "Give app_path a folder of its own, like /srv/shop.",
    });
  }
  const state = join(appPath, ".fraisier");
  return {
    appPath,
    current: join(appPath, "current"),
    releases: join(appPath, "releases"),
    shared: join(appPath, "shared"),
    state,
    guard: join(state, "guard.db"),
    holder: join(state, "holder.json"),
    cache: join(state, "repo.git"),
    manifests: join(state, "releases"),
    running: join(state, "running"),
    temporary: join(state, "tmp"),
    trash: join(state, "trash"),
    serviceRecord: join(state, "service.json"),
    servicePid: join(state, "service.pid"),
    serviceLog: join(state, "service.log"),
  };
}

/**
 * The folder of a release.
 *
 * @throws TargetError `unsupported` when the id is anything but letters, digits and `-`, so that no id can lead elsewhere.
 */
export function releaseFolder(layout: Layout, id: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9-]{0,127}$/.test(id)) {
    throw new TargetError("unsupported", `${JSON.stringify(id)} can't be the id of a release.`, {
      hint: "An id consists of letters, digits and -, and begins with a letter or digit.",
    });
  }
  return join(layout.releases, id);
}
