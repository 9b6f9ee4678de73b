import { closeSync } from "node:fs";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { type Clock, sleep } from "../../db/index.ts";
import type { StepIo } from "../target.ts";
import { openPipes } from "./fifo.ts";
import { type ExitStatus, type Launched, type LaunchRequest, launch } from "./launcher.ts";
import { LineSplitter } from "./line-splitter.ts";
import { removePidFile } from "./pid-file.ts";
import { endGroup } from "./process-group.ts";

/** How long a process group has between SIGTERM and SIGKILL, in milliseconds. */
const GRACE_MS = 5_000;
/** How long output is awaited after the end of the process, should something it left behind hold the pipe open. */
const DRAIN_MS = 500;
/** The longest that a timer of Node can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** A process whose end is awaited. */
export interface ProcessRequest extends Omit<LaunchRequest, "output"> {
  /** Seconds until it is ended. */
  readonly timeout: number;
  /** A folder for the names of real pipes; null to be content with sockets. */
  readonly pipeFolder: string | null;
  /** Lines as they come (long ones cut, late ones in parts) for people, or whole lines only, for programs. */
  readonly lines: "as they come" | "whole";
  readonly clock: Clock;
}

/** What {@link runProcess} throws when the time is over. The process group is gone by then. */
export class ProcessTimeout extends Error {}

/**
 * Runs a process to its end and passes its output on. When the signal aborts, when the time is over, or when it fails,
 * its whole group is ended before the promise settles. What a successful process leaves running is let live.
 *
 * @throws the signal's reason, {@link ProcessTimeout}, or what `io.onOutput` threw.
 */
export async function runProcess(request: ProcessRequest, io: StepIo): Promise<ExitStatus> {
  io.signal.throwIfAborted();
  const launched = await launchWithPipes(request);
  const interruption = Promise.withResolvers<never>();
  // It is always raced below; this only keeps a late one from counting as unhandled.
  interruption.promise.catch(() => {});
  const abort = () => interruption.reject(io.signal.reason);
  io.signal.addEventListener("abort", abort, { once: true });
  if (io.signal.aborted) abort();
  const onTimeout = () => interruption.reject(new ProcessTimeout());
  const timer = request.clock.startTimer(onTimeout, Math.min(request.timeout * 1000, LONGEST_MS));

  const output = [
    readLines(launched.stdout, "stdout", request, io, interruption.reject),
    readLines(launched.stderr, "stderr", request, io, interruption.reject),
  ];
  const drained = Promise.all(output.map((reading) => reading.ended));
  let gone = true;
  const end = async () => {
    gone = (await endGroup(launched.pid, GRACE_MS, request.clock)) === "gone";
  };
  try {
    const status = await Promise.race([launched.exited, interruption.promise]);
    if (status.exitCode !== 0) await end();
    await Promise.race([atMost(DRAIN_MS, drained, request.clock), interruption.promise]);
    for (const reading of output) reading.close();
    // The last lines may have been refused too.
    return await Promise.race([interruption.promise, status]);
  } catch (error) {
    await end();
    await atMost(DRAIN_MS, drained, request.clock);
    throw error;
  } finally {
    timer.cancel();
    io.signal.removeEventListener("abort", abort);
    for (const reading of output) reading.close();
    if (!gone) io.onOutput("stderr", `process group ${launched.pid} belongs to another user and may still run`);
    // What could not be ended stays written down, for whoever may end it.
    if (gone && request.pidFile !== null) await removePidFile(request.pidFile);
  }
}

async function launchWithPipes(request: ProcessRequest): Promise<Launched> {
  if (request.pipeFolder === null) return launch({ ...request, output: "stream" });
  const pipes = await openPipes(request.pipeFolder);
  if (pipes === null) return launch({ ...request, output: "stream" });
  const [stdout, stderr] = pipes;
  try {
    const launched = await launch({ ...request, output: { stdout: stdout.writer, stderr: stderr.writer } });
    return { ...launched, stdout: stdout.reader, stderr: stderr.reader };
  } catch (error) {
    stdout.reader.destroy();
    stderr.reader.destroy();
    throw error;
  } finally {
    closeSync(stdout.writer);
    closeSync(stderr.writer);
  }
}

function readLines(
  stream: Readable | null,
  name: "stdout" | "stderr",
  request: ProcessRequest,
  io: StepIo,
  onFailure: (reason: unknown) => void,
): { readonly ended: Promise<void>; close(): void } {
  if (stream === null) return { ended: Promise.resolve(), close() {} };
  let failed = false;
  let closed = false;
  const guarded = (work: () => void) => {
    if (failed) return;
    try {
      work();
    } catch (error) {
      failed = true;
      onFailure(error);
    }
  };
  const clock = request.lines === "whole" ? null : request.clock;
  const splitter = new LineSplitter((line) => guarded(() => io.onOutput(name, line)), clock);
  stream.on("data", (bytes: Buffer) => splitter.write(bytes));
  return {
    // However reading ends, there is nothing more to read; how the process ended is told by its exit.
    ended: finished(stream, { writable: false }).catch(() => {}),
    close() {
      if (closed) return;
      closed = true;
      stream.destroy();
      splitter.end();
    },
  };
}

async function atMost(milliseconds: number, work: Promise<unknown>, clock: Clock): Promise<void> {
  const over = new AbortController();
  const patience = sleep(clock, milliseconds, over.signal).catch(() => {
    // Aborted below, because the work was done first.
  });
  await Promise.race([work, patience]);
  over.abort();
}
