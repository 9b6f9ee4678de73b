import { UsageError } from "./usage-error.ts";

/** Reads a number as it was typed. @param what is named in the error, e.g. `--number` @throws UsageError */
export function wholeNumber(text: string, what: string, least: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number;
  throw new UsageError(`${what} takes a whole number from ${least}, not "${text}".`);
}
