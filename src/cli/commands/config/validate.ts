import { ConfigError, type Project } from "../../../config/index.ts";
import { DatabaseConfigError } from "../../../db/index.ts";
import { databaseConfig } from "../../../ledger/index.ts";
import { EXIT } from "../../exit-codes.ts";
import { type GlobalOptions, openProject } from "../../project.ts";
import { databasePlace } from "../../session.ts";
import type { Terminal } from "../../terminal.ts";

/** Checks fraises.yaml and says what it declares. All problems are reported at once. */
export async function configValidate(terminal: Terminal, options: GlobalOptions): Promise<number> {
  const project = checkAll(options);
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

/** @throws ConfigError, DatabaseConfigError, LedgerSchemaError; what is wrong with the file and with the choice of the database, at once */
function checkAll(options: GlobalOptions): Project {
  let project: Project;
  try {
    project = openProject(options, "deploy");
  } catch (error) {
    throw error instanceof ConfigError ? withDatabase(error, options) : error;
  }
  databaseConfig(databasePlace(options));
  return project;
}

/** What is wrong with `database:` as a part of the file is told there already. */
function withDatabase(error: ConfigError, options: GlobalOptions): ConfigError {
  try {
    databaseConfig(databasePlace(options));
    return error;
  } catch (second) {
    if (!(second instanceof DatabaseConfigError)) return error;
    const { kind, message, problems, hint = "" } = error;
    return new ConfigError(kind, `${message}\n\n${second.message}`, {
      problems,
      hint: `${second.hint ?? ""}\n${hint}`.trim(),
      cause: second,
    });
  }
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
