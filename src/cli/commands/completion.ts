import { suggest } from "../../config/index.ts";
import { INSTALLING, SCRIPTS, SHELLS } from "../completion/scripts.ts";
import { EXIT } from "../exit-codes.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** Prints what a shell reads to complete the commands, options and names of fraisier. */
export async function completion(terminal: Terminal, name: string): Promise<number> {
  const shell = SHELLS.find((each) => each === name);
  if (shell === undefined) {
    const meant = suggest(name, SHELLS);
    throw new UsageError(
      `There is a completion for ${SHELLS.join(", ")}, not for "${name}".`,
      `${meant === null ? "" : `Did you mean "${meant}"? `}See: fraisier completion --help`,
    );
  }
  if (terminal.json) {
    terminal.printJson("completion", { shell, script: SCRIPTS[shell], installing: INSTALLING[shell] });
    return EXIT.done;
  }
  terminal.printExact(SCRIPTS[shell].trimEnd());
  if (process.stdout.isTTY) terminal.say(`\n${INSTALLING[shell]}`);
  return EXIT.done;
}
