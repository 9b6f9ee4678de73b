/** What a child process can tell of a call: null when it went well. */
export interface Outcome {
  readonly kind: string;
  readonly message: string;
  readonly hint: string;
}

/** How `work` ended, in a form that a message between processes can hold. */
export async function outcomeOf(work: Promise<unknown>): Promise<Outcome | null> {
  return work.then(
    () => null,
    ({ kind, message, hint }) => ({ kind, message, hint }),
  );
}
