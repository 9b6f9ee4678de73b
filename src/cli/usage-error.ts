import { FraisierError } from "../db/index.ts";

/** The command was typed wrongly. */
export class UsageError extends FraisierError {
  override readonly name: string = "UsageError";

  constructor(message: string, hint = "See: fraisier --help") {
    super("usage", message, { hint });
  }
}
