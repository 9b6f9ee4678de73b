import { homedir } from "node:os";
import { basename, dirname, resolve } from "node:path";
import { compose } from "./compose.ts";
import type { Shown } from "./describe.ts";
import { type Facts, levelsOf } from "./facts.ts";
import { gatherDrafts } from "./gather.ts";
import type { Unset, Variables } from "./interpolate.ts";
import type { Base } from "./locations.ts";
import type { Project } from "./model.ts";
import { type Place, placesOf } from "./places.ts";
import { ConfigError, type Draft } from "./problems.ts";
import { displayPath, renderProblems } from "./render.ts";
import { resolveFraises } from "./resolve.ts";
import { blotOut, collectSecrets, type Secrets } from "./secrets.ts";
import { shapeFaults } from "./shape.ts";
import { locateDrafts, SourceText } from "./source.ts";
import { type ScalarNode, scalarAt, type TreeNode } from "./tree.ts";

/** What the text of a fraises.yaml is read with. */
export interface ParseOptions {
  /** Where the text comes from: made absolute, shown in problems; paths in the text are relative to its folder. */
  readonly file: string;
  /** The variables for `${VAR}`; also `HOME`, for `~`. */
  readonly env: Variables;
  /** What becomes of a `${VAR}` that is not set. Default "error". */
  readonly unset?: Unset;
  /** Problems in files below this folder are shown with relative paths. Default: absolute ones. */
  readonly cwd?: string;
}

/** The text of a fraises.yaml in which nothing is wrong. */
export interface Checked {
  readonly source: SourceText;
  readonly root: TreeNode;
  readonly places: readonly Place[];
  readonly base: Base;
  readonly secrets: Secrets;
}

/**
 * Reads the text of a fraises.yaml. Looks at nothing but its arguments.
 *
 * @throws ConfigError `config_invalid` with every problem of the text.
 */
export function parseProject(text: string, options: ParseOptions): Project {
  const { source, root, places, base, secrets } = checkText(text, options);
  return {
    file: source.file,
    directory: base.directory,
    name: scalarAt(root, "name")?.text ?? "",
    fraises: resolveFraises(root, places, base),
    secretValues: secrets.values,
  };
}

/** @throws ConfigError `config_invalid` with every problem of the text. */
export function checkText(text: string, options: ParseOptions): Checked {
  const { env, unset = "error" } = options;
  const source = new SourceText(resolve(options.file), text);
  const composed = compose(source, { env, unset });
  const { root, brokenAt } = composed;
  if (root === undefined) throw invalid(source, [...composed.syntax, ...composed.values], [], options, brokenAt);

  const base = { directory: dirname(source.file), home: env.HOME ? env.HOME : homedir() };
  const [places, levels] = [placesOf(root), levelsOf(root)];
  const secrets = collectSecrets({ root, places, levels, env });
  const shown = shownWithout(secrets.written);
  const shape = shapeFaults(root, shown, unset === "keep");
  const facts: Facts = {
    root,
    places,
    levels,
    base,
    env,
    keepUnset: unset === "keep",
    presumed: shape.presumed,
    shown,
  };
  const drafts = gatherDrafts({ source, composed, shape, facts });
  if (drafts.length > 0) throw invalid(source, drafts, secrets.written, options, brokenAt);
  return { source, root, places, base, secrets };
}

/** Shows what came from a variable as its `${VAR}`, and without the secrets that are written in the file. */
export function shownWithout(written: readonly string[]): Shown {
  return (node: ScalarNode): string => {
    const text = node.origin === "literal" ? node.text : node.source;
    const safe = blotOut(text, written);
    const clipped = safe.length > 60 ? `${safe.slice(0, 60)}…` : safe;
    return node.origin === "literal" && typeof node.value === "string" ? JSON.stringify(clipped) : clipped;
  };
}

/** The error that tells all that is wrong with a file. */
export function invalid(
  source: SourceText,
  drafts: readonly Draft[],
  written: readonly string[],
  { cwd }: Pick<ParseOptions, "cwd">,
  brokenAt: number | null,
): ConfigError {
  const problems = locateDrafts(source, drafts, (line) => blotOut(line, written));
  const count = problems.length === 1 ? "one problem" : `${problems.length} problems`;
  const text = renderProblems(problems, cwd === undefined ? {} : { cwd });
  const name = basename(source.file);
  const hint =
    brokenAt === null
      ? `Correct ${name} and run the command again.`
      : `From line ${source.lineOf(brokenAt)} on ${name} is not valid YAML; what follows could not be checked.`;
  return new ConfigError("config_invalid", `${count} in ${displayPath(source.file, cwd)}\n\n${text}`, {
    problems,
    hint,
  });
}
