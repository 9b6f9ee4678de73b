import type { Limit, Measurement, Ratio, Results } from "./results.ts";
import { promised } from "./targets.ts";

/** A ratio may fall to this share of the recorded one before a quick run fails: machines of CI are noisy. */
export const TOLERATED_SHARE = 0.5;

/** How many times as fast Fraisier is as each other contender, by the medians of one run. */
export function ratiosOf(measurements: readonly Measurement[]): Ratio[] {
  return compare(measurements, (ours, theirs) => ours.median / theirs.median);
}

/**
 * What a run has shown for certain: its ratios where the spread of the rounds is against Fraisier. What is not made of
 * rounds is as it is.
 */
export function certainRatiosOf({ measurements, ratios }: Pick<Results, "measurements" | "ratios">): Ratio[] {
  const certain = new Map(
    compare(measurements, (ours, theirs) => ours.low / theirs.high).map((ratio) => [ratio.id, ratio]),
  );
  return ratios.map((ratio) => certain.get(ratio.id) ?? ratio);
}

function compare(
  measurements: readonly Measurement[],
  ratioOf: (ours: Measurement, theirs: Measurement) => number,
): Ratio[] {
  return measurements.flatMap((theirs) => {
    const { database, work, contender } = theirs;
    if (contender === "fraisier") return [];
    const ours = measurements.find(
      (other) => other.contender === "fraisier" && other.database === database && other.work === work,
    );
    if (ours === undefined || theirs.median === 0) return [];
    const id = `${database} ${work} / ${contender}`;
    return [{ id, value: ratioOf(ours, theirs), atLeast: promised(database, work, contender) }];
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
