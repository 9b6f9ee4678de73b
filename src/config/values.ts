import * as z from "zod/mini";
import { parseDuration } from "../db/index.ts";
import { NAME_LENGTH, NAME_PATTERN } from "./names.ts";

// A file is checked once: code made for that takes longer than it saves. So do the methods of the full "zod".
z.config({ jitless: true });

/** What a value must be. */
export type Schema = z.ZodMiniType;

/**
 * The kinds of value that fraises.yaml knows. Every error text is a clause that follows the quoted key: `"port" must be
 * …`; those that begin with "must be" get ", not …" with what was found.
 */

/** Of a key that need not be there, with what it is for. */
export function optional(schema: Schema, description: string): Schema {
  return z.optional(schema).register(z.globalRegistry, { description });
}

/** A text of any length, on one line or several. */
export function text(reason: (value: string) => string | null = () => null): Schema {
  return z.string({ error: "must be text" }).check(
    z.superRefine((value, context) => {
      const message = value.includes("\0") ? "must not contain a NUL character" : reason(value);
      if (message !== null) context.addIssue({ code: "custom", message });
    }),
  );
}

/** A text on one line, not empty. */
export function line(reason: (value: string) => string | null = () => null): Schema {
  return text((value) => {
    if (value.trim() === "") return "must not be empty";
    if (/\p{Cc}/u.test(value)) return "must be on one line, without control characters";
    return reason(value);
  });
}

/** A whole number. */
export function wholeNumber(minimum: number, maximum: number): Schema {
  const error = `must be a whole number from ${minimum} to ${maximum}`;
  return z.int({ error }).check(z.minimum(minimum, { error }), z.maximum(maximum, { error }));
}

/** Seconds as a number, or a text with a unit. Bounds are in seconds, `minimum` 0 means that 0 is allowed. */
export function duration(minimum: number, maximum: number): Schema {
  const error = `must be a time from ${minimum} to ${maximum} seconds, written like 30, 1.5, "500ms", "30s", "5m" or "1h"`;
  return z
    .union([z.number(), z.string()], { error })
    .check(
      z.superRefine((value, context) => {
        const seconds = parseDuration(value);
        if (seconds === null || seconds < minimum || seconds > maximum)
          context.addIssue({ code: "custom", message: error });
      }),
    )
    .register(z.globalRegistry, { title: "a time", examples: [30, 1.5, "500ms", "5m"] });
}

/** A text, number or boolean, which is used as the text that is written. */
export function scalar(): Schema {
  const error = "must be text, a number, true or false";
  return z
    .union([z.string(), z.number(), z.boolean()], { error })
    .check(z.refine((value) => !String(value).includes("\0"), { error: "must not contain a NUL character" }))
    .register(z.globalRegistry, { title: "text, a number, true or false" });
}

function shellLine(): Schema {
  return text((value) => (value.trim() === "" ? "must not be empty" : null));
}

function argumentVector(): Schema {
  return z.array(scalar(), { error: "must be a list" }).check(
    z.minLength(1, { error: "must not be an empty list" }),
    z.refine((items) => items.length === 0 || String(items[0]) !== "", {
      error: "must begin with the program to run",
    }),
  );
}

/** One command: a shell line, or a list of arguments. */
export function command(): Schema {
  return z
    .union([shellLine(), argumentVector()], { error: "must be a command: a shell line, or a list of arguments" })
    .register(z.globalRegistry, { title: "a command" });
}

/** Commands to run one after the other: one shell line, or a list whose items are shell lines or argument lists. */
export function commands(): Schema {
  return z
    .union([shellLine(), z.array(command(), { error: "must be a list" })], {
      error: "must be a shell line, or a list of commands",
    })
    .register(z.globalRegistry, { title: "a command, or a list of commands" });
}

/** The key of a fraise, environment or job. Whether it is a good name is checked apart, so that its value is checked too. */
export function nameKey(): z.ZodMiniType<string, string> {
  return z.string().register(z.globalRegistry, { pattern: NAME_PATTERN.source, maxLength: NAME_LENGTH });
}

/** A map whose content is not looked at. */
export function freeMap(): Schema {
  return z.record(z.string(), z.unknown(), { error: "must be a map" });
}
