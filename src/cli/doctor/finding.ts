/** What one look of `fraisier doctor` came to. */
export interface Finding {
  /** What was looked at: `machine`, `project`, `database`, or a place such as `shop production`. */
  readonly subject: string;
  readonly name: string;
  /** `warning`: it works, but somebody should know; `unknown`: it could not be looked at. */
  readonly outcome: "ok" | "warning" | "failed" | "unknown";
  /** What was found, for people. */
  readonly text: string;
  /** What to do about it; null where nothing is to be done. */
  readonly hint: string | null;
  /** The kind of error that it means; null unless `failed`. */
  readonly kind: string | null;
  /** What the command ends with on its account; 0 unless `failed`. */
  readonly exitCode: number;
}
