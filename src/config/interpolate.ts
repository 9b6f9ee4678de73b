import { suggest } from "./suggest.ts";

/** Variables by name; undefined is the same as absent. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What becomes of a `${VAR}` that is not set: an error, or the text stays as it is. */
export type Unset = "error" | "keep";

/** A text whose `${…}` have been replaced. */
export interface Interpolated {
  readonly text: string;
  /** The values that came from variables, and so are secret. Defaults written in the file are not. */
  readonly secrets: readonly string[];
  /** Whether anything was replaced, or would have been. */
  readonly touched: boolean;
  /** Whether a `${…}` was left in place. */
  readonly unresolved: boolean;
  /** Each place where `$$` or `${` stood, in order. */
  readonly marks: readonly Mark[];
}

/** One `$$` or `${…}` of a text. */
export interface Mark {
  /** As it is written. */
  readonly expression: string;
  readonly fault: Fault | null;
}

/** Why a `${…}` could not be replaced. */
export interface Fault {
  readonly message: string;
  /** What to do about it. */
  readonly help: string;
  readonly suggestion: string | null;
}

const MARK = /\$\$|\$\{/g;
const EXPRESSION = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}$/;

/**
 * Replaces `${NAME}` and `${NAME:-default}` in a text. As in a POSIX shell, the default also stands in for an empty
 * variable. `$$` becomes `$`, so `$${NAME}` is the literal `${NAME}`; `$NAME` and `$(…)` are left for the shell.
 */
export function interpolate(text: string, variables: Variables, unset: Unset): Interpolated {
  const secrets: string[] = [];
  const marks: Mark[] = [];
  let unresolved = false;
  let result = "";
  let at = 0;
  MARK.lastIndex = 0;
  for (let match = MARK.exec(text); match !== null; match = MARK.exec(text)) {
    result += text.slice(at, match.index);
    const expression = match[0] === "$$" ? "$$" : text.slice(match.index, endOfBraces(text, match.index + 1));
    at = match.index + expression.length;
    MARK.lastIndex = at;
    if (expression === "$$") {
      result += "$";
      marks.push({ expression, fault: null });
      continue;
    }
    const parts = EXPRESSION.exec(expression);
    const [name, fallback] = [parts?.[1], parts?.[2]];
    const value = name === undefined || !Object.hasOwn(variables, name) ? undefined : variables[name];
    if (name === undefined) {
      result += expression;
      unresolved = true;
      marks.push({ expression, fault: formFault(expression) });
    } else if (value !== undefined && (value !== "" || fallback === undefined)) {
      result += value;
      secrets.push(value);
      marks.push({ expression, fault: null });
    } else if (fallback !== undefined) {
      result += fallback;
      marks.push({ expression, fault: null });
    } else {
      result += expression;
      unresolved = true;
      marks.push({ expression, fault: unset === "keep" ? null : unsetFault(name, variables) });
    }
  }
  result += text.slice(at);
  return { text: result, secrets, touched: marks.length > 0, unresolved, marks };
}

/** The offset after the brace that closes the one at `open`; the end of the line when there is none. */
function endOfBraces(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length && text[at] !== "\n"; at++) {
    if (text[at] === "{") depth++;
    if (text[at] === "}" && --depth === 0) return at + 1;
  }
  const end = text.indexOf("\n", open);
  return end === -1 ? text.length : end;
}

function unsetFault(name: string, variables: Variables): Fault {
  const names = Object.keys(variables).filter((key) => variables[key] !== undefined);
  const meant = suggest(name, names);
  return {
    message: `the variable ${name} is not set`,
    help: `set it in the environment or in a .env file beside this one, or give a default: \${${name}:-…}`,
    suggestion: meant === null ? null : `\${${meant}}`,
  };
}

function formFault(expression: string): Fault {
  const posix = /^\$\{([A-Za-z_][A-Za-z0-9_]*)-([^{}]*)\}$/.exec(expression);
  const shown = expression.length > 40 ? `${expression.slice(0, 40)}…` : expression;
  return {
    message: expression.endsWith("}")
      ? `only \${NAME} and \${NAME:-default} are replaced by Fraisier`
      : "the } of this ${ is missing",
    help: `double the dollar to leave it to the shell: $${shown}`,
    suggestion: posix === null ? null : `\${${posix[1]}:-${posix[2]}}`,
  };
}
