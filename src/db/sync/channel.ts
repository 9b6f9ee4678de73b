import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { SyncMessagePort } from "sync-message-port";
import { DatabaseError } from "../errors.ts";

/** What a thread behind a channel begins with. */
export type ThreadData = ServingData | WatchingData;

/** The thread that answers. */
export interface ServingData {
  readonly role: "serve";
  /** What it is to serve, as plain data. */
  readonly order: unknown;
  /** Questions and answers. */
  readonly port: MessagePort;
  /** One end of a channel on which nothing is ever said: it breaks when the thread is gone. */
  readonly life: MessagePort;
}

/** The thread that is there to hear of the other one's death, since a blocked thread hears of nothing. */
export interface WatchingData {
  readonly role: "watch";
  readonly life: MessagePort;
  /** Its one number is not 0 once the serving thread has ended. */
  readonly ended: Int32Array<SharedArrayBuffer>;
}

/** The last that a worker says, to whatever is asked: an error that nobody caught ends it. */
export interface LastWords {
  readonly say: "ended";
  readonly why: string;
}

/** Which thread answers. */
export interface WorkerPlan {
  /** As it is called in the lists of threads. */
  readonly name: string;
  /** The file that it runs. */
  readonly entry: URL;
  readonly order: unknown;
}

/** How long an answer is waited for until somebody looks whether the worker is still there. */
const LOOK_AFTER_MS = 500;

/** The file that the threads run. It is the built one for the sources too: their types would be stripped in every thread. */
export const DATABASE_WORKER: URL = new URL(
  import.meta.url.endsWith(".ts") ? "../../../dist/db-worker.js" : "./db-worker.js",
  import.meta.url,
);

/** A worker thread that is asked one question after the other, each answered before the caller goes on. */
export class Channel<Question extends object, Answer extends { readonly say: string }> {
  readonly #port: SyncMessagePort;
  readonly #life: MessagePort;
  readonly #ended: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(4));
  #isWatched = false;
  #why = "it ran out of memory, or was ended";

  /** Starts the worker. It does not keep the process alive. */
  constructor({ name, entry, order }: WorkerPlan) {
    const { port1, port2: port } = SyncMessagePort.createChannel();
    const { port1: life1, port2: life } = new MessageChannel();
    this.#port = new SyncMessagePort(port1);
    this.#life = life1;
    const worker = startThread(name, entry, { role: "serve", order, port, life }, [port, life]);
    // Heard only while the caller's thread is not blocked; then it needs no watching.
    worker.on("exit", () => this.#noteEnd());
  }

  /**
   * The answer to a question.
   *
   * @throws DatabaseError `connection_lost` when the worker has ended, and all its connections with it
   */
  ask(question: Question): Answer {
    this.#port.postMessage(question);
    for (;;) {
      const { hasEnded } = this; // looked at first: what was said before the end still counts
      const answer = this.#receive(hasEnded ? 0 : LOOK_AFTER_MS);
      if (isLastWords(answer)) {
        this.#why = answer.why;
        this.#noteEnd();
        continue;
      }
      if (answer !== null) return answer;
      if (hasEnded) throw workerEnded(this.#why);
      this.#watch();
    }
  }

  /** Whether the worker is gone, with everything that it had. */
  get hasEnded(): boolean {
    return Atomics.load(this.#ended, 0) !== 0;
  }

  /** Lets go of a worker that has ended or was told to end. */
  close(): void {
    this.#why = "the wrapper was closed";
    this.#noteEnd();
    this.#port.close();
    if (!this.#isWatched) this.#life.close();
  }

  #receive(timeout: number): Answer | LastWords | null {
    return this.#port.receiveMessage({ timeout, timeoutValue: null, closedValue: null }) as Answer | LastWords | null;
  }

  #noteEnd(): void {
    Atomics.store(this.#ended, 0, 1);
  }

  /** Sees to it that somebody watches. That thread ends with the worker. */
  #watch(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    const data: WatchingData = { role: "watch", life: this.#life, ended: this.#ended };
    startThread("fraisier-db-watch", DATABASE_WORKER, data, [this.#life]);
  }
}

function isLastWords(answer: { readonly say: string } | null): answer is LastWords {
  return answer?.say === "ended";
}

function startThread(name: string, entry: URL, workerData: ThreadData, transferList: MessagePort[]): Worker {
  const worker = new Worker(entry, { name, workerData, transferList, ...execArgvOfThreads() });
  worker.on("error", () => {}); // told by the port
  worker.unref();
  return worker;
}

/** The process's own options, unless one of them says that its program is no file: then no thread starts from a file. */
function execArgvOfThreads(): { execArgv?: string[] } {
  return process.execArgv.some((argument) => argument.startsWith("--input-type")) ? { execArgv: [] } : {};
}

function workerEnded(why: string): DatabaseError {
  return new DatabaseError("connection_lost", `The worker thread behind the blocking calls has ended: ${why}.`, {
    hint: "The next call starts another one. For many rows use stream().",
  });
}
