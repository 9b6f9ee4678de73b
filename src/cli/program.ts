import { Command, CommanderError } from "commander";
import { defineDatabaseCommands } from "./commands/db/index.ts";
import { ASK } from "./completion/scripts.ts";
import { createDefine, group, withDatabase } from "./define.ts";
import { EXIT } from "./exit-codes.ts";
import { packageVersion } from "./package-version.ts";
import { UsageError } from "./usage-error.ts";

/** Runs one command; each is loaded only when it is called for. @returns its exit code */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.done;
  const program = buildProgram((code) => {
    exitCode = code;
  });
  if (argv[0] === ASK) return (await import("./completion/complete.ts")).complete(program, argv.slice(1));
  const words = argv[0] === "help" ? [...argv.slice(1), "--help"] : argv;
  const path = await findCommand(program, words);
  try {
    await program.parseAsync(words as string[], { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.done; // help or version was asked for
    throw new UsageError(
      error.message.replace(/^error: /, "").replace(/^./, (c) => c.toUpperCase()),
      path === "fraisier" ? "See: fraisier --help" : `See: ${path} --help, or fraisier --help`,
    );
  }
}

/** The full name of the command that is meant, e.g. `fraisier db status`. @throws UsageError when there is none such */
async function findCommand(program: Command, words: readonly string[]): Promise<string> {
  let command = program;
  let path = program.name();
  for (const word of words) {
    if (command.commands.length === 0 || word.startsWith("-")) break;
    const found = command.commands.find((each) => each.name() === word);
    if (found === undefined) {
      const { suggest } = await import("../config/index.ts");
      const meant = suggest(
        word,
        command.commands.map((each) => each.name()),
      );
      throw new UsageError(
        `There is no command ${JSON.stringify(`${path} ${word}`)}.`,
        `${meant === null ? "" : `Did you mean "${path} ${meant}"? `}See: ${path} --help`,
      );
    }
    command = found;
    path += ` ${word}`;
  }
  return path;
}

/** All commands, with what each takes. */
export function buildProgram(setExitCode: (code: number) => void): Command {
  const program = new Command("fraisier")
    .description("Deploys services and never forgets: what is deployed where, who did it, and what happened.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command") // see runProgram
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ writeErr: () => {} }) // errors are printed in one place, by main
    .action(() => {
      program.outputHelp();
    });

  const define = createDefine(setExitCode);
  const defineWithDatabase = withDatabase(define);
  define(
    program,
    "list",
    "show the fraises and environments that fraises.yaml declares",
    async (terminal, _args, options) => (await import("./commands/list.ts")).list(terminal, options),
  ).option("--flat", "one line for each fraise and environment");
  defineWithDatabase(
    program,
    "deploy <fraise> <environment>",
    "deploy an environment of a fraise",
    async (terminal, [fraise = "", environment = ""], options) =>
      (await import("./commands/deploy.ts")).deploy(terminal, fraise, environment, options),
  )
    .option("-r, --ref <ref>", "a branch, tag or commit (default: the environment's branch)")
    .option("-n, --dry-run", "print the plan and write nothing")
    .option("-f, --force", "deploy also what is in service already");
  defineWithDatabase(
    program,
    "rollback <fraise> <environment>",
    "bring the last healthy release before this one into service",
    async (terminal, [fraise = "", environment = ""], options) =>
      (await import("./commands/rollback.ts")).rollback(terminal, fraise, environment, options),
  ).option("-t, --to <release>", "a deployment, release or commit to go back to");
  defineWithDatabase(
    program,
    "status [fraise] [environment]",
    "show what is deployed where, and who is deploying now",
    async (terminal, [fraise, environment], options) =>
      (await import("./commands/status.ts")).status(terminal, fraise, environment, options),
  );
  defineWithDatabase(
    program,
    "status-all",
    "show every place that is declared or remembered, and whether what is deployed there answers",
    async (terminal, _args, options) => (await import("./commands/status-all.ts")).statusAll(terminal, options),
  ).option("-e, --environment <name>", "of this environment only");
  defineWithDatabase(program, "history", "show what was deployed, newest first", async (terminal, _args, options) =>
    (await import("./commands/history.ts")).history(terminal, options),
  )
    .option("-f, --fraise <name>", "of this fraise only")
    .option("-e, --environment <name>", "of this environment only")
    .option("-n, --number <count>", "at most so many", "20")
    .option("-s, --since <moment>", "started since a date (2026-11-23) or an age (3d, 2h)")
    .option("--status <status>", "with this status only; several with commas");
  defineWithDatabase(
    program,
    "show <deployment>",
    "show all that is known of a deployment",
    async (terminal, [id = ""], options) => (await import("./commands/show.ts")).show(terminal, id, options),
  );
  defineWithDatabase(
    program,
    "logs <deployment>",
    "show what the steps of a deployment printed",
    async (terminal, [id = ""], options) => (await import("./commands/logs.ts")).logs(terminal, id, options),
  ).option("--step <name>", "of this step only");
  defineWithDatabase(
    program,
    "stats",
    "show how the deployments of the last days ended, by place and by day",
    async (terminal, _args, options) => (await import("./commands/stats.ts")).stats(terminal, options),
  )
    .option("-f, --fraise <name>", "of this fraise only")
    .option("-e, --environment <name>", "of this environment only")
    .option("-d, --days <count>", "of so many days, today included", "30");
  defineWithDatabase(
    program,
    "webhooks",
    "show the webhooks received, newest first",
    async (terminal, _args, options) => (await import("./commands/webhooks.ts")).webhooks(terminal, options),
  ).option("-n, --number <count>", "at most so many", "20");
  defineWithDatabase(
    program,
    "doctor",
    "look at all that a deployment needs: git, fraises.yaml, the database, folders, ports, disks",
    async (terminal, _args, options) => (await import("./commands/doctor.ts")).doctor(terminal, options),
  ).option("-t, --timeout <seconds>", "the limit for all of it", "20");
  define(
    program,
    "init",
    "write a fraises.yaml from what is found in this repository",
    async (terminal, _args, options) => (await import("./commands/init.ts")).init(terminal, options),
  );

  const config = group(program, "config", "check and show the configuration");
  defineWithDatabase(config, "validate", "report every problem of fraises.yaml", async (terminal, _args, options) =>
    (await import("./commands/config/validate.ts")).configValidate(terminal, options),
  );
  defineWithDatabase(config, "show", "show every value that holds, secrets masked", async (terminal, _args, options) =>
    (await import("./commands/config/show.ts")).configShow(terminal, options),
  ).option("--origin", "also where each value was said");
  define(config, "schema", "print the JSON Schema of fraises.yaml, for editors", async (terminal) =>
    (await import("./commands/config/schema.ts")).configSchema(terminal),
  );

  defineDatabaseCommands(program, defineWithDatabase);

  define(program, "version", "show the version of fraisier and of what it runs on", async (terminal) =>
    (await import("./commands/version.ts")).version(terminal),
  );
  define(
    program,
    "explain [error]",
    "explain a kind of error: what it means, its usual causes, the next command; without one, list all",
    async (terminal, [kind]) => (await import("./commands/explain.ts")).explain(terminal, kind),
  );
  define(
    program,
    "completion <shell>",
    "print what bash, zsh or fish reads to complete commands, options and names",
    async (terminal, [shell = ""]) => (await import("./commands/completion.ts")).completion(terminal, shell),
  );
  define(
    program,
    "demo",
    "deploy a small application three times, the last one broken, and look at what is remembered",
    async (terminal, _args, options) => (await import("./commands/demo.ts")).demo(terminal, options),
  ).option("--db [url]", "remember them in this database; without a URL, in the one that is configured");
  return program;
}
