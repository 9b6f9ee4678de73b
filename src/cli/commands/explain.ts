import { suggest } from "../../config/index.ts";
import { EXIT } from "../exit-codes.ts";
import { type Explanation, explanations } from "../explanations/index.ts";
import { facts, table } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** Explains a kind of error; without one, lists all that there are. */
export async function explain(terminal: Terminal, kind: string | undefined): Promise<number> {
  const all = explanations();
  const found = kind === undefined ? all : all.filter((each) => each.kind === spelling(kind));
  if (kind !== undefined && found.length === 0) throw unknownKind(kind, all);
  if (terminal.json) terminal.printJson("explain", { errors: found });
  else if (kind === undefined)
    terminal.print(
      table(
        terminal,
        ["ERROR", "FROM", "EXIT", "MEANING"],
        all.map(({ kind, area, exitCode, meaning }) => [kind, area, String(exitCode), meaning]),
      ),
    );
  else terminal.print(found.map((each) => text(terminal, each)).join("\n\n"));
  return EXIT.done;
}

/** As it is written in JSON: people write `lease lost` or `LEASE-LOST` too. */
const spelling = (kind: string): string =>
  kind
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, "_");

function unknownKind(kind: string, all: readonly Explanation[]): UsageError {
  const meant = suggest(
    kind,
    all.map((each) => each.kind),
  );
  return new UsageError(
    `There is no error ${JSON.stringify(kind)}.`,
    `${meant === null ? "" : `Did you mean "fraisier explain ${meant}"? `}See them all: fraisier explain`,
  );
}

function text(terminal: Terminal, { kind, area, meaning, causes, next, exitCode, retryable }: Explanation): string {
  const again = retryable ? "may succeed as it is" : "of no use as it is";
  const title = `${terminal.style("bold", kind)}  ${terminal.style("dim", `(${area})`)}`;
  const known = facts(terminal, [
    ["meaning", meaning],
    ["usual causes", causes.map((cause) => `– ${cause}`).join(`\n${INDENT}`)],
    ["next", next],
    ["exit code", String(exitCode)],
    ["trying again", retryable === null ? null : again],
  ]);
  return `${title}\n${known}`;
}

/** As wide as the labels of the facts. */
const INDENT = " ".repeat("usual causes  ".length);
