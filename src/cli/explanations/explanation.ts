/** What can be said of a kind of error beyond the message of one of them. */
export interface Advice {
  /** What usually brings it about, most likely first. */
  readonly causes: readonly string[];
  /** The command to type next. */
  readonly next: string;
}

/** The same with what it means, where the kind itself does not say that. */
export interface Explained extends Advice {
  readonly meaning: string;
}
