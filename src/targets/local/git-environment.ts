import { baseEnvironment, type ChildEnvironment } from "./environment.ts";
import type { GitSource } from "./git-source.ts";
import type { Layout } from "./layout.ts";
import type { Place } from "./place.ts";

/** The name of the remote; unlike `origin`, no configuration that happens to be around defines it. */
export const REMOTE = "fraisier";

/** What of git's own variables the caller's environment, or `env:`, may set. Not GIT_DIR and its like, which a hook has. */
const ALLOWED = [
  "GIT_SSH_COMMAND",
  "GIT_SSH",
  "GIT_SSH_VARIANT",
  "GIT_SSL_CAINFO",
  "GIT_SSL_CAPATH",
  "GIT_SSL_CERT",
  "GIT_SSL_KEY",
  "GIT_SSL_NO_VERIFY",
  "GIT_CONFIG_GLOBAL",
  "XDG_CONFIG_HOME",
];

const USERNAME = "FRAISIER_GIT_USERNAME";
const PASSWORD = "FRAISIER_GIT_PASSWORD";
/** git runs it with a shell; the values are in the environment only, which other users can't see. */
const CREDENTIAL_HELPER = `!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' "$${USERNAME}" "$${PASSWORD}"; }; f`;

/**
 * The environment of git: prompts off, known protocols only, and a configuration on top of the user's own (credential
 * helpers, proxies and `insteadOf` go on working) that names the remote and takes away whatever would make the result
 * depend on the machine.
 *
 * @param sshCommand `core.sshCommand` of the user's configuration, which GIT_SSH_COMMAND would override; null for none.
 */
export function gitEnvironment(place: Place, source: GitSource, sshCommand: string | null): ChildEnvironment {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(baseEnvironment(place, ALLOWED))) {
    if (!name.startsWith("GIT_") || ALLOWED.includes(name)) env[name] = value;
  }
  const ownSsh = env.GIT_SSH_COMMAND !== undefined || env.GIT_SSH !== undefined || sshCommand !== null;
  return {
    ...env,
    // Its messages are read by classifyGitFailure.
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "true",
    SSH_ASKPASS: "true",
    ...(ownSsh ? {} : { GIT_SSH_COMMAND: "ssh -oBatchMode=yes" }),
    GIT_ALLOW_PROTOCOL: "file:git:http:https:ssh",
    GIT_OPTIONAL_LOCKS: "0",
    ...(source.password === null ? {} : { [USERNAME]: source.username ?? "", [PASSWORD]: source.password }),
    ...asVariables(configuration(place.layout, source)),
  };
}

function configuration(layout: Layout, source: GitSource): [key: string, value: string][] {
  const config: [string, string][] = [
    [`remote.${REMOTE}.url`, source.url],
    ["core.hooksPath", "/dev/null"],
    ["core.attributesFile", "/dev/null"],
    ["core.autocrlf", "false"],
    ["core.eol", "lf"],
    ["core.fileMode", "true"],
    ["core.symlinks", "true"],
    ["core.fsmonitor", "false"],
    // The cache is Fraisier's own whoever made it: root may deploy where a user deployed before.
    ["safe.directory", layout.cache],
    // A clean-up in the background would outlive the step and hold locks.
    ["gc.autoDetach", "false"],
    ["maintenance.autoDetach", "false"],
  ];
  if (source.password !== null) {
    // The empty one makes git forget the helpers of the user's configuration.
    config.push(["credential.helper", ""], ["credential.helper", CREDENTIAL_HELPER]);
  } else if (source.username !== null) {
    config.push(["credential.username", source.username]);
  }
  return config;
}

function asVariables(config: readonly (readonly [key: string, value: string])[]): Record<string, string> {
  const variables: Record<string, string> = { GIT_CONFIG_COUNT: String(config.length) };
  for (const [index, [key, value]] of config.entries()) {
    variables[`GIT_CONFIG_KEY_${index}`] = key;
    variables[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return variables;
}
