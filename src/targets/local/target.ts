import { type Clock, systemClock } from "../../db/index.ts";
import type { Guard, GuardRequest, ResolvedRef, Target, TargetSettings, TargetState } from "../target.ts";
import { checkPlace } from "./checkup.ts";
import { runCommand } from "./command.ts";
import { fetchRelease } from "./fetch-release.ts";
import { explainingFiles } from "./files.ts";
import { Git } from "./git.ts";
import { GitCache } from "./git-cache.ts";
import { takeGuard } from "./guard.ts";
import { judgeHealth } from "./health.ts";
import { layoutOf } from "./layout.ts";
import { clearLeftovers } from "./leftovers.ts";
import { hostName, machineId } from "./machine.ts";
import type { Place } from "./place.ts";
import { preparePlace } from "./prepare-place.ts";
import { probeOnce } from "./probe.ts";
import {
  activateRelease,
  completeReleases,
  currentRelease,
  removeRelease,
  requireRelease,
  verifyRelease,
} from "./releases.ts";
import { resolveRef } from "./resolve-ref.ts";
import { LocalService } from "./service.ts";
import { lastLines } from "./service-log.ts";

/** What a local target takes from its surroundings. */
export interface LocalTargetOptions {
  /** Default: the clock of this machine. */
  readonly clock?: Clock;
  /** The environment of which children get a few variables. Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Makes the target that runs a fraise on this machine, below `settings.appPath`. Touches nothing yet.
 *
 * @throws TargetError `app_path_unusable` when `appPath` is not absolute.
 */
export function createLocalTarget(settings: TargetSettings, options: LocalTargetOptions = {}): Target {
  const { clock = systemClock, env = process.env } = options;
  const layout = layoutOf(settings.appPath);
  const place: Place = { layout, settings, clock, callerEnv: env };
  const git = new Git(place);
  const cache = new GitCache(git, layout);
  const service = new LocalService(place);

  return {
    id: `local:${machineId()}`,
    host: hostName(),
    appPath: layout.appPath,

    inspect: () =>
      explainingFiles(
        "look at the releases",
        async (): Promise<TargetState> => ({
          currentRelease: await currentRelease(layout),
          releases: await completeReleases(layout),
          service: await service.state(),
        }),
      ),

    checkup: () => explainingFiles("look at the folder of the application", () => checkPlace(place, service)),

    resolveRef: (ref: string | null, signal?: AbortSignal): Promise<ResolvedRef> =>
      resolveRef(git, cache, ref, signal ?? new AbortController().signal),

    guard: (request: GuardRequest): Promise<Guard> =>
      explainingFiles("prepare the folder of the application", async () => {
        await preparePlace(layout);
        return await takeGuard(place, request);
      }),

    clearLeftovers: (io) =>
      explainingFiles("clear what an interrupted deployment left", () => clearLeftovers(layout, clock, io)),

    fetch: (release, io) =>
      explainingFiles("make the release", async () => {
        await preparePlace(layout);
        return await fetchRelease(place, git, cache, release, io);
      }),

    run: (command, id, io) =>
      explainingFiles("run the command", async () => {
        const release = { id, path: await requireRelease(layout, id) };
        await runCommand(place, command, release, await service.port(), io);
      }),

    activate: (id) => explainingFiles("switch to the release", () => activateRelease(layout, id)),

    restart: (id, io) => explainingFiles("restart the service", () => service.restart(id, io)),

    stop: (io) => explainingFiles("stop the service", () => service.stop(io)),

    checkHealth: (id, io) =>
      explainingFiles("check the health of the service", async () => {
        const watch = await service.watch(id);
        const port = await service.port();
        const { signal, onProbe = () => {} } = io;
        return await judgeHealth({ check: settings.healthCheck, port, watch, clock, signal, onProbe });
      }),

    probe: (signal) =>
      explainingFiles("look at the service", async () => {
        const { healthCheck: check } = settings;
        const port = await service.port();
        if (check === null || (port === null && check.url.includes("{port}"))) return null;
        return await probeOnce(check.url.replaceAll("{port}", String(port)), check, clock, signal);
      }),

    verifyRelease: (id, commit) => explainingFiles("look at the release", () => verifyRelease(layout, id, commit)),

    removeRelease: (id) => explainingFiles("remove the release", () => removeRelease(layout, id)),

    serviceLog: (lines) =>
      explainingFiles("read the log of the service", () =>
        settings.service?.kind === "process" ? lastLines(layout.serviceLog, lines) : Promise.resolve([]),
      ),
  };
}
