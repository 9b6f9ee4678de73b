import { FraisierError } from "../db/index.ts";
import type { Deployment, Ledger } from "../ledger/index.ts";
import { MOST_FOUND, shortId } from "../ledger/index.ts";
import { UsageError } from "./usage-error.ts";

/**
 * The deployment that a person means by its id, or by the beginning or end of it.
 *
 * @throws FraisierError `deployment_not_found`; UsageError when it could be several
 */
export async function findDeployment(ledger: Ledger | null, text: string): Promise<Deployment> {
  if (!/^[0-9a-f-]{4,36}$/i.test(text))
    throw new UsageError(
      `"${text}" is no deployment's id: give at least 4 hex digits of one.`,
      "See the ids: fraisier history",
    );
  const matches = (await ledger?.findDeployments(text)) ?? [];
  const [only] = matches;
  if (only === undefined)
    throw new FraisierError("deployment_not_found", `No deployment has an id that begins or ends with ${text}.`, {
      hint: ledger === null ? "Nothing deployed yet." : "See the ids: fraisier history",
    });
  if (matches.length > 1)
    throw new UsageError(
      `${text} means several deployments: ${distinctNames(matches).join(", ")}${matches.length < MOST_FOUND ? "" : ", and perhaps more"}.`,
      "Give more of the id.",
    );
  return only;
}

/** Short ids where they tell the deployments apart; whole ones where they don't. */
function distinctNames(deployments: readonly Deployment[]): string[] {
  const short = deployments.map(({ id }) => shortId(id));
  return new Set(short).size === short.length ? short : deployments.map(({ id }) => id);
}
