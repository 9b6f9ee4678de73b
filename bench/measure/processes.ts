import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";

/** Runs a file of this folder in a fresh process with an argument, and returns the JSON that it prints. @throws with what it said */
export async function inFreshProcess<T>(file: URL, argument: unknown): Promise<T> {
  await using answering = freshProcess<never, T>(file, argument);
  return await answering.answer();
}

/** A file of this folder in a fresh process with an argument. */
export function freshProcess<Question, Answer>(file: URL, argument: unknown): AnsweringProcess<Question, Answer> {
  const args = ["--disable-warning=ExperimentalWarning", file.pathname, JSON.stringify(argument)];
  return new AnsweringProcess(process.execPath, args);
}

/** A process that answers each line of JSON by another, until it is disposed of. */
export class AnsweringProcess<Question, Answer> implements AsyncDisposable {
  readonly #told: string;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #ended: Promise<number | null>;
  readonly #complaints: Promise<string>;

  constructor(command: string, args: readonly string[]) {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#told = [command, ...args].join(" ");
    this.#child = child;
    this.#answers = createInterface(child.stdout)[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => child.on("close", resolve));
    this.#complaints = text(child.stderr);
    child.stdin.on("error", () => {}); // it has ended, as it says when it is waited for
  }

  /** @throws Error with what it said, when it ends instead */
  async ask(question: Question): Promise<Answer> {
    this.#child.stdin?.write(`${JSON.stringify(question)}\n`);
    return this.answer();
  }

  /** Its next answer. @throws Error with what it said, when it ends instead */
  async answer(): Promise<Answer> {
    const { done, value } = await this.#answers.next();
    if (!done) return JSON.parse(value) as Answer;
    throw new Error(`${this.#told} ended with ${await this.#ended}:\n${await this.#complaints}`);
  }

  /** Waits for its end. @throws Error with what it said, when that is not a good one */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    const code = await this.#ended;
    if (code !== 0) throw new Error(`${this.#told} ended with ${code}:\n${await this.#complaints}`);
  }
}
