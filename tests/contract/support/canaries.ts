/** What must never be seen in an error, and how it is looked for. */
import { inspect } from "node:util";
import { expect } from "vitest";
import type { DatabaseError } from "../../../src/db/index.ts";
import { failure } from "./expect.ts";

/** Given as a parameter, or in a row. */
export const VALUE: string = "kanarienvogel";
/** Given as a password, with what makes a URL hard to read. */
export const PASSWORD: string = "gelber/vogel@haus#1";

const CANARIES: readonly string[] = [
  VALUE,
  VALUE.slice(0, 6),
  PASSWORD,
  ...PASSWORD.split(/[/@#]/).slice(0, 3),
].flatMap((canary) => [canary, encodeURIComponent(canary), Buffer.from(canary).toString("hex")]);

/** The error that `work` ends with, which shows nothing that it must not. */
export async function provoked(work: Promise<unknown>): Promise<DatabaseError> {
  const error = await failure(work);
  expectNoCanary(error);
  return error;
}

/** Looks at an error in every way in which one is printed or sent. */
export function expectNoCanary(error: Error): void {
  const seen = [
    error.message,
    error.stack,
    JSON.stringify(error),
    inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true }),
    inspect(error.cause, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true }),
    (error as DatabaseError).hint,
  ].join("\n");
  for (const canary of CANARIES) expect(seen).not.toContain(canary);
}
