/** What is said of the values of several rounds. */
export interface Summary {
  readonly median: number;
  /** The lower and the upper quartile: half of the rounds lie between them. */
  readonly low: number;
  readonly high: number;
}

/**
 * The value below which a share of the values lies, between two neighbours by their distance.
 *
 * @param share - from 0 to 1
 * @throws RangeError when there are no values
 */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("there are no values");
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] as number;
  const above = sorted[Math.ceil(position)] as number;
  return below + (above - below) * (position - Math.floor(position));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export function summarize(values: readonly number[]): Summary {
  return { median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}
