import { EXIT, exitCodeOf } from "../exit-codes.ts";
import type { Finding } from "./finding.ts";

/** What is as it should be. */
export function fine(subject: string, name: string, text: string): Finding {
  return { subject, name, outcome: "ok", text, hint: null, kind: null, exitCode: EXIT.done };
}

/** What an error means for the person. */
export function failure(subject: string, name: string, error: unknown): Finding {
  const { kind = "unexpected", message, hint = null } = error as { kind?: string; message: string; hint?: string };
  return { subject, name, outcome: "failed", text: message, hint, kind, exitCode: exitCodeOf(error) };
}
