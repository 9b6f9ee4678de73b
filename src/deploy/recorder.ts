import type { Clock } from "../db/index.ts";
import type { Lease, Ledger, StepDirection } from "../ledger/index.ts";
import type { StepIo } from "../targets/index.ts";
import type { DeployListener } from "./events.ts";
import type { Masker } from "./masker.ts";

/** How a step ended, as far as it matters to whoever ran it. */
export type StepResult = { readonly outcome: "success" | "skipped"; readonly message: string | null };

/** What a step does. */
export type StepWork = (io: StepIo) => Promise<StepResult>;

type StepEnd = "success" | "failed" | "cancelled" | "skipped";
type Recording = <T>(write: () => Promise<T>) => Promise<T | null>;

/** Output is written to the ledger at the latest after so many milliseconds, or when so many characters are waiting. */
const FLUSH_AFTER_MS = 250;
const FLUSH_AT_CHARACTERS = 64_000;

interface WaitingOutput {
  readonly stream: "stdout" | "stderr";
  readonly text: string;
  readonly at: Date;
}

/**
 * Runs the steps of one deployment so that the ledger, and whoever watches, learn of each as it happens: its start, its
 * output, its end.
 */
export class StepRecorder {
  readonly #ledger: Ledger;
  readonly #lease: Lease;
  readonly #deploymentId: string;
  readonly #clock: Clock;
  readonly #mask: Masker;
  readonly #listener: DeployListener;

  constructor(options: {
    ledger: Ledger;
    lease: Lease;
    deploymentId: string;
    clock: Clock;
    mask: Masker;
    listener: DeployListener;
  }) {
    this.#ledger = options.ledger;
    this.#lease = options.lease;
    this.#deploymentId = options.deploymentId;
    this.#clock = options.clock;
    this.#mask = options.mask;
    this.#listener = options.listener;
  }

  /**
   * Runs `work` as a step forward.
   *
   * @throws whatever `work` throws, after it is recorded, or what the ledger throws
   */
  run(name: string, signal: AbortSignal, work: StepWork): Promise<StepResult> {
    return this.#run(name, "do", signal, work, (write) => write());
  }

  /**
   * Runs `work` as an inverse. It is done even when the ledger can't be written any more: what serves comes first, and
   * whoever watches is told.
   *
   * @throws whatever `work` throws
   */
  undo(name: string, work: StepWork): Promise<StepResult> {
    const carriedToItsEnd = new AbortController().signal;
    return this.#run(name, "undo", carriedToItsEnd, work, async (write) => {
      try {
        return await write();
      } catch (error) {
        this.#listener({
          type: "warning",
          message: `undoing ${name} could not be recorded: ${this.#mask((error as Error).message)}`,
        });
        return null;
      }
    });
  }

  async #run(
    name: string,
    direction: StepDirection,
    signal: AbortSignal,
    work: StepWork,
    recording: Recording,
  ): Promise<StepResult> {
    const step = await recording(() => this.#ledger.startStep(this.#lease, this.#deploymentId, { name, direction }));
    const started = this.#clock.monotonic();
    this.#listener({ type: "step_started", step: name, direction });
    const output = new OutputBuffer(this.#clock, async (chunks) => {
      if (step) await recording(() => this.#ledger.appendOutput(this.#lease, this.#deploymentId, step.order, chunks));
    });
    const finish = async (outcome: StepEnd, message: string | null) => {
      await output.close();
      const masked = message === null ? null : this.#mask(message);
      if (step)
        await recording(() => this.#ledger.finishStep(this.#lease, this.#deploymentId, step.order, outcome, masked));
      const seconds = (this.#clock.monotonic() - started) / 1000;
      this.#listener({ type: "step_finished", step: name, direction, outcome, seconds, message: masked });
    };
    let result: StepResult;
    try {
      result = await work(this.#io(name, signal, output));
    } catch (error) {
      await finish(signal.aborted ? "cancelled" : "failed", error instanceof Error ? error.message : String(error));
      throw error;
    }
    await finish(result.outcome, result.message);
    return result;
  }

  #io(step: string, signal: AbortSignal, output: OutputBuffer): StepIo {
    return {
      signal: AbortSignal.any([signal, output.failed]),
      onOutput: (stream, text) => {
        const masked = this.#mask(text);
        this.#listener({ type: "output", step, stream, text: masked });
        output.add({ stream, text: masked, at: new Date(this.#clock.now()) });
      },
    };
  }
}

/** Collects output and writes it in few transactions; one write is under way at a time. */
class OutputBuffer {
  readonly #clock: Clock;
  readonly #write: (chunks: readonly WaitingOutput[]) => Promise<unknown>;
  readonly #abort = new AbortController();
  #waiting: WaitingOutput[] = [];
  #characters = 0;
  #writing: Promise<void> | null = null;
  #timer: { cancel(): void } | null = null;
  #error: unknown = null;

  constructor(clock: Clock, write: (chunks: readonly WaitingOutput[]) => Promise<unknown>) {
    this.#clock = clock;
    this.#write = write;
  }

  /** Aborted when the ledger can't be written any more: then the step must not go on. */
  get failed(): AbortSignal {
    return this.#abort.signal;
  }

  add(chunk: WaitingOutput): void {
    this.#waiting.push(chunk);
    this.#characters += chunk.text.length;
    if (this.#characters >= FLUSH_AT_CHARACTERS) void this.#flush();
    else this.#timer ??= this.#clock.startTimer(() => void this.#flush(), FLUSH_AFTER_MS);
  }

  /** Writes what is left. @throws what any of the writes threw */
  async close(): Promise<void> {
    await this.#flush();
    await this.#flush(); // what came in while a write was under way
    if (this.#error !== null) throw this.#error;
  }

  async #flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#writing !== null) return this.#writing;
    if (this.#waiting.length === 0 || this.#error !== null) return;
    const chunks = this.#waiting;
    this.#waiting = [];
    this.#characters = 0;
    this.#writing = this.#write(chunks).then(
      () => {},
      (error) => {
        this.#error = error;
        this.#abort.abort(error);
      },
    );
    await this.#writing;
    this.#writing = null;
  }
}
