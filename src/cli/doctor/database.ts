import { checkDatabase } from "../../ledger/index.ts";
import { EXIT, exitCodeOf } from "../exit-codes.ts";
import type { GlobalOptions } from "../project.ts";
import { databasePlace } from "../session.ts";
import type { Finding } from "./finding.ts";
import { failure, fine } from "./findings.ts";

const SUBJECT = "database";

/** Everything that `fraisier db check` looks at. */
export async function examineDatabase(options: GlobalOptions, deadlineMs: number): Promise<Finding[]> {
  try {
    const { url, origin, checks, error } = await checkDatabase(databasePlace(options), deadlineMs);
    const { kind = "unexpected" } = (error ?? {}) as { kind?: string };
    return [
      fine(SUBJECT, "choice", `${url} (by ${origin})`),
      ...checks.map((check): Finding => {
        const hasFailed = check.outcome === "failed";
        const means = { kind: hasFailed ? kind : null, exitCode: hasFailed ? exitCodeOf(error) : EXIT.done };
        return { subject: SUBJECT, ...check, ...means };
      }),
    ];
  } catch (error) {
    return [failure(SUBJECT, "choice", error)];
  }
}
