import { envMapsBelow } from "./check-references.ts";
import type { Facts } from "./facts.ts";
import { urlPassword } from "./locations.ts";
import type { KeyPath } from "./problems.ts";
import { entriesAt, itemsAt, nodeAt, type ScalarNode, scalarAt, type TreeNode } from "./tree.ts";

/**
 * The shortest text that is masked. Masking "1" or "dev" wherever it occurs would make all output unreadable and, by
 * where the holes are, would not even hide it.
 */
export const SHORTEST_SECRET = 4;

/** Keys whose values are numbers: a port that came in by `${PORT}` is no secret, and its digits are everywhere. */
const NUMBERS = new Set([
  "port",
  "timeout",
  "retries",
  "interval",
  "stable_for",
  "stop_timeout",
  "keep_releases",
  "expect_status",
]);

/** Keys of a git provider that hold what a webhook is signed with. */
const GIT_SECRETS = new Set(["webhook_secret", "secret_token"]);

/** What must not be shown. */
export interface Secrets {
  /** All of it, longest first, so that masking one never leaves the rest of a longer one. */
  readonly values: readonly string[];
  /** The part of it that is written in the file itself. */
  readonly written: readonly string[];
}

/**
 * Collects what must never be shown: values that came in by `${VAR}`, values of what `secrets:` names, webhook secrets
 * and passwords in the URLs of repositories. Of values of several lines each line counts by itself too, since output
 * is masked line by line. What is shorter than {@link SHORTEST_SECRET} characters is left out.
 */
export function collectSecrets(facts: Pick<Facts, "root" | "levels" | "places" | "env">): Secrets {
  const written = new Set<string>();
  const values = new Set<string>();
  const add = (node: ScalarNode | undefined): void => {
    if (node === undefined || node.origin === "unresolved") return;
    (node.origin === "literal" ? written : values).add(node.text);
  };
  collectInterpolated(facts.root, null, null, values);
  const lists: { readonly map: TreeNode; readonly path: KeyPath }[] = [{ map: facts.root, path: [] }, ...facts.levels];
  for (const { map, path } of lists) {
    for (const item of itemsAt(map, "secrets")) {
      const name = scalarAt(item);
      if (name === undefined || name.origin !== "literal") continue;
      const fromProcess = Object.hasOwn(facts.env, name.text) ? facts.env[name.text] : undefined;
      if (fromProcess !== undefined) values.add(fromProcess);
      for (const env of envMapsBelow(facts.places, path)) add(scalarAt(env, name.text));
    }
  }
  for (const { map } of lists) collectGitSecrets(nodeAt(map, "git"), add);
  for (const { map } of facts.levels) {
    const password = urlPassword(scalarAt(map, "git_repo")?.text ?? "");
    if (password !== null) written.add(password);
  }
  add(databaseSecret(facts.root));
  return { values: maskable([...values, ...written]), written: maskable([...written]) };
}

/** The URL of Fraisier's own database, where it has a password in it. */
export function databaseSecret(root: TreeNode): ScalarNode | undefined {
  const url = scalarAt(root, "database", "url");
  return url !== undefined && urlPassword(url.text) !== null ? url : undefined;
}

function collectGitSecrets(node: TreeNode | undefined, add: (node: ScalarNode | undefined) => void): void {
  for (const { key, value } of entriesAt(node)) {
    if (GIT_SECRETS.has(key)) add(scalarAt(value));
    else collectGitSecrets(value, add);
  }
}

function collectInterpolated(node: TreeNode, parent: string | null, key: string | null, values: Set<string>): void {
  if (node.kind === "scalar") {
    const number = typeof node.value === "number" && key !== null && NUMBERS.has(key) && parent !== "env";
    if (!number) for (const secret of node.secrets) values.add(secret);
  } else if (node.kind === "list") {
    for (const item of node.items) collectInterpolated(item, parent, key, values);
  } else {
    for (const entry of node.entries.values()) collectInterpolated(entry.value, key, entry.key, values);
  }
}

function maskable(values: readonly string[]): string[] {
  const lines = values.flatMap((value) => value.split(/\r?\n/).map((line) => line.trim()));
  return [...new Set([...values, ...lines])]
    .filter((value) => value.trim().length >= SHORTEST_SECRET)
    .toSorted((a, b) => b.length - a.length);
}

/** Blots secrets out of a text without changing its length, so that columns stay what they are. */
export function blotOut(text: string, secrets: readonly string[]): string {
  return secrets.reduce((blotted, secret) => blotted.replaceAll(secret, "*".repeat(secret.length)), text);
}
