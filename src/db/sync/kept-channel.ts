import { Channel, type WorkerPlan } from "./channel.ts";

/** The channel to a worker that the first question starts, and the next question anew when it has ended. */
export class KeptChannel<Question extends object, Answer extends { readonly say: string }> {
  readonly #plan: WorkerPlan;
  #channel: Channel<Question, Answer> | null = null;

  constructor(plan: WorkerPlan) {
    this.#plan = plan;
  }

  /** Whether a worker is there. */
  get isOpen(): boolean {
    return this.#channel !== null && !this.#channel.hasEnded;
  }

  /** Whom to ask now; what was begun with one worker goes on with that one alone. */
  current(): (question: Question) => Answer {
    if (this.#channel?.hasEnded) {
      this.#channel.close();
      this.#channel = null;
    }
    this.#channel ??= new Channel(this.#plan);
    const channel = this.#channel;
    return (question) => channel.ask(question);
  }

  /** Ends the worker, if there is one. @returns its answer to this last question; null when there was none to ask */
  close(last: Question): Answer | null {
    const channel = this.#channel;
    this.#channel = null;
    if (channel === null) return null;
    try {
      return channel.hasEnded ? null : channel.ask(last);
    } finally {
      channel.close();
    }
  }
}
