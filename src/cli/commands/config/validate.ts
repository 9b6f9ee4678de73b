import { EXIT } from "../../exit-codes.ts";
import { type GlobalOptions, openProject } from "../../session.ts";
import type { Terminal } from "../../terminal.ts";

/** Checks fraises.yaml and says what it declares. All problems are reported at once. */
export async function configValidate(terminal: Terminal, options: GlobalOptions): Promise<number> {
  const project = openProject(options, "deploy");
  const environments = [...project.fraises.values()].reduce((count, fraise) => count + fraise.environments.size, 0);
  if (terminal.json)
    terminal.printJson("config-validate", {
      ok: true,
      file: project.file,
      project: project.name,
      fraises: project.fraises.size,
      environments,
    });
  else
    terminal.print(
      `${terminal.style("green", "✓")} ${project.file} is valid: ${count(project.fraises.size, "fraise")} in ${count(environments, "environment")}.`,
    );
  return EXIT.done;
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
