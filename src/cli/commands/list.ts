import type { Environment, Fraise } from "../../config/index.ts";
import { type GlobalOptions, openProject } from "../project.ts";
import { table } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** Shows what fraises.yaml declares. Needs no database. */
export async function list(terminal: Terminal, options: GlobalOptions & { readonly flat?: boolean }): Promise<number> {
  const project = openProject(options, "read");
  const fraises = [...project.fraises.values()];
  if (terminal.json) {
    terminal.printJson("list", { project: project.name, file: project.file, fraises: fraises.map(fraiseJson) });
  } else if (options.flat) {
    for (const fraise of fraises) for (const key of fraise.environments.keys()) terminal.print(`${fraise.name} ${key}`);
  } else {
    terminal.print(
      table(terminal, ["FRAISE", "ENVIRONMENT", "TYPE", "BRANCH", "PLACE", "DESCRIPTION"], fraises.flatMap(rowsOf)),
    );
  }
  return 0;
}

function rowsOf(fraise: Fraise): string[][] {
  const environments = [...fraise.environments.values()];
  if (environments.length === 0) return [[fraise.name, "–", fraise.type, "", "", fraise.description]];
  return environments.map((environment, index) => [
    index === 0 ? fraise.name : "",
    environment.key,
    index === 0 ? fraise.type : "",
    environment.branch ?? "",
    environment.appPath ?? "",
    index === 0 ? fraise.description : "",
  ]);
}

function fraiseJson(fraise: Fraise): Record<string, unknown> {
  return {
    name: fraise.name,
    type: fraise.type,
    description: fraise.description,
    environments: [...fraise.environments.values()].map(environmentJson),
  };
}

function environmentJson({ key, name, branch, appPath, jobs }: Environment): Record<string, unknown> {
  return { key, name, branch, appPath, jobs: [...jobs.keys()] };
}
