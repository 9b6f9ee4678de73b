import { realpath } from "node:fs/promises";
import type { Service } from "../../config/index.ts";
import { TargetError } from "../errors.ts";
import type { ServiceState, StepIo } from "../target.ts";
import { commandArgv, runCommand } from "./command.ts";
import { releaseEnvironment } from "./environment.ts";
import { requireProgram } from "./find-program.ts";
import { launch } from "./launcher.ts";
import { ownershipOf, readPidFile, removePidFile } from "./pid-file.ts";
import type { Place } from "./place.ts";
import { findPortOwner } from "./port-owner.ts";
import { becomesFree, pickPort } from "./ports.ts";
import { endGroup } from "./process-group.ts";
import { isProcessAlive } from "./process-identity.ts";
import { type ProcessWatch, StartedProcess, watchNothing, watchProcess } from "./process-watch.ts";
import { requireRelease } from "./releases.ts";
import { openServiceLog } from "./service-log.ts";
import { readServiceRecord, writeServiceRecord } from "./service-record.ts";

/** How long a process has to stop, in seconds, when the settings do not speak of a process any more. */
const STOP_TIMEOUT = 10;

type ProcessService = Extract<Service, { kind: "process" }>;

/** Brings releases into service: starts and stops a process that outlives Fraisier, or gives the restart command. */
export class LocalService {
  readonly #place: Place;
  #started: StartedProcess | null = null;

  constructor(place: Place) {
    this.#place = place;
  }

  /** What was last brought into service, and whether it runs. */
  async state(): Promise<ServiceState | null> {
    const { layout } = this.#place;
    const record = await readServiceRecord(layout);
    if (record === null) return null;
    const { release, port } = record;
    if (record.kind === "command") return { release, pid: null, running: true, port, logFile: null };
    const leader = (await readPidFile(layout.servicePid))?.leader;
    const running = leader !== undefined && isProcessAlive(leader);
    return { release, pid: running ? leader.pid : null, running, port, logFile: layout.serviceLog };
  }

  /** The port of the service; null when it has none, or `auto` has not been decided yet. */
  async port(): Promise<number | null> {
    const port = this.#place.settings.service?.port ?? null;
    if (port !== "auto") return port;
    const record = await readServiceRecord(this.#place.layout);
    return record?.kind === "process" ? record.port : null;
  }

  /** See `Target.restart`. */
  async restart(id: string, io: StepIo): Promise<ServiceState> {
    const { layout, settings, clock } = this.#place;
    const { service } = settings;
    if (service === null) {
      throw new TargetError("unsupported", "There is no service to restart.", {
        hint: "Declare service: in fraises.yaml, with start or restart.",
      });
    }
    const release = { id, path: await realpath(await requireRelease(layout, id)) };
    if (service.kind === "process") {
      await this.#start(service, release, io);
    } else {
      await this.stop(io);
      await runCommand(this.#place, service.restart, release, service.port, io);
      const startedAt = new Date(clock.now()).toISOString();
      await writeServiceRecord(layout, { kind: "command", release: id, port: service.port, startedAt });
    }
    const state = await this.state();
    if (state === null) throw new Error("the record of the service vanished while it was started");
    return state;
  }

  /** Stops the process that Fraisier started, whatever the settings say now. Harmless when it does not run. */
  async stop(io: StepIo): Promise<void> {
    io.signal.throwIfAborted();
    const { layout, settings, clock } = this.#place;
    const pidFile = await readPidFile(layout.servicePid);
    const ownership = pidFile === null ? "ended" : ownershipOf(pidFile);
    if (pidFile !== null && ownership === "unproven") {
      const text = `process group ${pidFile.leader.pid} may be left of the service; it is let live`;
      io.onOutput("stderr", text);
    }
    if (pidFile !== null && (ownership === "running" || ownership === "orphaned")) {
      const seconds = settings.service?.kind === "process" ? settings.service.stopTimeout : STOP_TIMEOUT;
      const ending = await unlessAborted(endGroup(pidFile.leader.pid, seconds * 1000, clock), io.signal);
      if (ending === "forbidden") {
        const message = `The process ${pidFile.leader.pid} of the service belongs to another user and can't be stopped.`;
        throw new TargetError("process_unstoppable", message, {
          hint: `Stop it as that user or as root (kill ${pidFile.leader.pid}), then try again.`,
        });
      }
    }
    await removePidFile(layout.servicePid);
  }

  /** Watches the process of a release; null when something else runs the service. */
  async watch(release: string): Promise<ProcessWatch | null> {
    const { layout, settings } = this.#place;
    if (settings.service?.kind !== "process") return null;
    const record = await readServiceRecord(layout);
    const leader = (await readPidFile(layout.servicePid))?.leader;
    if (record === null || leader === undefined) return watchNothing("its process was not started");
    if (record.release !== release) return watchNothing(`the process that was started is of release ${record.release}`);
    return watchProcess(leader, this.#started?.pid === leader.pid ? this.#started : null);
  }

  async #start(service: ProcessService, release: { id: string; path: string }, io: StepIo): Promise<void> {
    const { layout, clock } = this.#place;
    const argv = commandArgv(service.start);
    // Before the old process is stopped: a misspelt program costs no downtime.
    requireProgram(argv[0], releaseEnvironment(this.#place, release, null).PATH ?? "", release.path);
    await this.stop(io);
    const port = await this.#choosePort(service.port);
    io.signal.throwIfAborted();

    const startedAt = new Date(clock.now()).toISOString();
    await writeServiceRecord(layout, { kind: "process", release: release.id, port, startedAt });
    const log = await openServiceLog(layout.serviceLog, `${startedAt} starting release ${release.id}`);
    try {
      const env = releaseEnvironment(this.#place, release, port);
      const output = { stdout: log.fd, stderr: log.fd };
      const launched = await launch({ argv, cwd: release.path, env, pidFile: layout.servicePid, output });
      launched.child.unref();
      this.#started = new StartedProcess(launched, clock);
    } finally {
      await log.close();
    }
    if (io.signal.aborted) {
      await endGroup(this.#started.pid, service.stopTimeout * 1000, clock);
      throw io.signal.reason;
    }
  }

  async #choosePort(wanted: ProcessService["port"]): Promise<number | null> {
    if (wanted === null) return null;
    if (wanted === "auto") {
      const kept = await this.port();
      return kept !== null && (await becomesFree(kept)) ? kept : await pickPort();
    }
    if (await becomesFree(wanted)) return wanted;
    const pid = await findPortOwner(wanted);
    const who = pid === null ? "something else" : `process ${pid}`;
    throw new TargetError("port_taken", `The service can't have port ${wanted}: ${who} listens on it.`, {
      hint: `Stop that (${pid === null ? `lsof -i :${wanted} tells what it is` : `ps -fp ${pid} tells what it is`}), or give the service another port.`,
    });
  }
}

/** The work's result, unless the signal aborts first; the work itself then goes on. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
    work.catch(() => {});
  }
}
