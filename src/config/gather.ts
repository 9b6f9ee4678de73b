import { CROSS_CHECKS, LOCAL_CHECKS } from "./checks.ts";
import type { Composed } from "./compose.ts";
import type { Facts } from "./facts.ts";
import type { Draft } from "./problems.ts";
import type { ShapeFaults } from "./shape.ts";
import type { SourceText } from "./source.ts";
import { reachOf } from "./tree.ts";

/** What the steps before have found, and what there is to look at. */
export interface Findings {
  readonly source: SourceText;
  readonly composed: Composed;
  readonly shape: ShapeFaults;
  readonly facts: Facts;
}

/**
 * Puts together everything that is wrong with a file. Where its YAML breaks, only what stands complete before that
 * place is judged: the rest may mean something else than its author thinks.
 */
export function gatherDrafts({ source, composed, shape, facts }: Findings): Draft[] {
  const { syntax, values, brokenAt } = composed;
  const local = [...values, ...shape.unknownKeys, ...LOCAL_CHECKS.flatMap((check) => check(facts))];
  const sound =
    brokenAt === null
      ? [...local, ...shape.wrongValues, ...CROSS_CHECKS.flatMap((check) => check(facts))]
      : beforeBreak(source, brokenAt, local, shape.wrongValues, facts);
  const faultyLines = new Set(syntax.map((draft) => source.lineOf(draft.start)));
  return [...syntax, ...sound.filter((draft) => !faultyLines.has(source.lineOf(draft.start)))];
}

function beforeBreak(
  source: SourceText,
  brokenAt: number,
  local: readonly Draft[],
  wrongValues: readonly Draft[],
  { root }: Facts,
): Draft[] {
  const limit = source.startOfLine(source.lineOf(brokenAt));
  // A value that reaches up to the broken line may go on in it.
  const certain = source.text.slice(0, limit).trimEnd().length - 1;
  return [
    ...local.filter((draft) => draft.end <= limit),
    ...wrongValues.filter((draft) => reachOf(root, draft.path) <= certain),
  ];
}
