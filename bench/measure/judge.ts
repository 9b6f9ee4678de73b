import type { Limit, Measurement, Ratio } from "./results.ts";
import { promised } from "./targets.ts";

/** A ratio may fall to this share of the recorded one before a quick run fails: machines of CI are noisy. */
export const TOLERATED_SHARE = 0.5;

/** How many times as fast Fraisier is as each other contender, by the medians of one run. */
export function ratiosOf(measurements: readonly Measurement[]): Ratio[] {
  return measurements.flatMap(({ database, work, contender, median }) => {
    if (contender === "fraisier") return [];
    const ours = measurements.find(
      (other) => other.contender === "fraisier" && other.database === database && other.work === work,
    );
    if (ours === undefined || median === 0) return [];
    const id = `${database} ${work} / ${contender}`;
    return [{ id, value: ours.median / median, atLeast: promised(database, work, contender) }];
  });
}

export const isKept = ({ value, atLeast }: Ratio): boolean => atLeast === null || value >= atLeast;

export const isWithin = ({ value, atMost }: Limit): boolean => value <= atMost;

/** A ratio that has fallen too low. */
export interface Regression {
  readonly id: string;
  readonly value: number;
  readonly recorded: number;
}

/** The ratios of a quick run that are below half of the recorded ones. What was not recorded is not judged. */
export function regressionsOf(now: readonly Ratio[], recorded: readonly Ratio[]): Regression[] {
  const known = new Map(recorded.map(({ id, value }) => [id, value]));
  return now.flatMap(({ id, value }) => {
    const before = known.get(id);
    return before !== undefined && value < before * TOLERATED_SHARE ? [{ id, value, recorded: before }] : [];
  });
}
