import { DatabaseError } from "../errors.ts";
import type { WorkerPlan } from "./channel.ts";
import { KeptChannel } from "./kept-channel.ts";
import type { ObjectAnswer, ObjectQuestion, ServedObject } from "./served-object.ts";
import { type ErrorClasses, unpackError } from "./transferable-errors.ts";

/** The asynchronous methods of an object. */
type Methods<T> = { [M in keyof T as T[M] extends (...args: never) => Promise<unknown> ? M : never]: T[M] };
type ArgumentsOf<F> = F extends (...args: infer A) => unknown ? A : never;
type ResultOf<F> = F extends (...args: never) => Promise<infer R> ? R : never;

/**
 * An object in a worker thread whose asynchronous methods are called by name, and blocking. The thread is started by the first
 * call, and does not keep the process alive.
 */
export class RemoteObject<T extends ServedObject> {
  readonly #channel: KeptChannel<ObjectQuestion, ObjectAnswer>;
  readonly #errors: ErrorClasses;

  /**
   * @param plan the thread, whose file has called {@link serveObject}, and what that is given
   * @param errors the classes, beside this layer's own, as which errors are to arrive; by their names
   */
  constructor(plan: WorkerPlan, errors: ErrorClasses = {}) {
    this.#channel = new KeptChannel(plan);
    this.#errors = errors;
  }

  /**
   * What a method returns, once it has.
   *
   * @throws what it throws; DatabaseError `commit_outcome_unknown` when the thread ended on the way
   */
  call<M extends keyof Methods<T> & string>(method: M, ...args: ArgumentsOf<T[M]>): ResultOf<T[M]> {
    return this.#valueOf(this.#ask({ ask: "call", method, args })) as ResultOf<T[M]>;
  }

  #ask(question: ObjectQuestion): ObjectAnswer {
    const ask = this.#channel.current();
    try {
      return ask(question);
    } catch (error) {
      throw new DatabaseError(
        "commit_outcome_unknown",
        "The worker thread ended before it told what the call had come to.",
        { hint: "Look whether what it was to write is there; what only reads can be called again.", cause: error },
      );
    }
  }

  /** Closes the object and ends the thread, if there is one. @throws what closing throws */
  close(): void {
    const answer = this.#channel.close({ ask: "close" });
    if (answer !== null) this.#valueOf(answer);
  }

  #valueOf(answer: ObjectAnswer): unknown {
    if (answer.say === "failed") throw unpackError(answer.error, this.#errors);
    return answer.value;
  }
}
