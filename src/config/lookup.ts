import { FraisierError } from "../db/index.ts";
import type { Environment, Fraise, Project } from "./model.ts";
import { suggest } from "./suggest.ts";

/**
 * Finds an environment of a fraise by their keys.
 *
 * @throws FraisierError `fraise_not_found` or `environment_not_found`, saying what there is and what was probably meant.
 */
export function findEnvironment(
  project: Project,
  fraiseName: string,
  environmentKey: string,
): { readonly fraise: Fraise; readonly environment: Environment } {
  const fraise = project.fraises.get(fraiseName);
  if (fraise === undefined) {
    const names = [...project.fraises.keys()];
    const message = `${project.file} has no fraise ${JSON.stringify(fraiseName)}; it has ${names.join(", ")}`;
    throw new FraisierError("fraise_not_found", message, { hint: meant(suggest(fraiseName, names)) });
  }
  const environment = fraise.environments.get(environmentKey);
  if (environment === undefined) {
    const all = [...fraise.environments.values()];
    const keys = all.map(({ key }) => key);
    const byName = all.find(({ name }) => name === environmentKey)?.key ?? null;
    const message = `fraise "${fraise.name}" has no environment ${JSON.stringify(environmentKey)}; it has ${keys.join(", ")}`;
    throw new FraisierError("environment_not_found", message, { hint: meant(byName ?? suggest(environmentKey, keys)) });
  }
  return { fraise, environment };
}

function meant(suggestion: string | null): string | undefined {
  return suggestion === null ? undefined : `Did you mean "${suggestion}"?`;
}
