import { TargetError } from "../errors.ts";
import type { Place } from "./place.ts";

/** The variables of Fraisier's own environment that children get too; everything else stays with Fraisier. */
const ALLOWED: ReadonlySet<string> = new Set([
  ..."PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR".split(" "),
  ..."SSH_AUTH_SOCK XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS".split(" "),
  ..."http_proxy https_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY".split(" "),
  ..."SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS".split(" "),
]);

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The environment of a child: variables by name. */
export type ChildEnvironment = Readonly<Record<string, string>>;

/**
 * The environment that every child shares: the allowed variables of the caller, then those of the settings. Never
 * `FRAISIER_DB_*`, the access to Fraisier's own database, whoever sets it.
 *
 * @param alsoAllowed further names that may come from the caller.
 * @throws TargetError `unsupported` when the settings name a variable that a shell can't hold.
 */
export function baseEnvironment(place: Place, alsoAllowed: readonly string[] = []): ChildEnvironment {
  const env: Record<string, string> = { PATH: DEFAULT_PATH };
  for (const [name, value] of Object.entries(place.callerEnv)) {
    const allowed = ALLOWED.has(name) || name.startsWith("LC_") || alsoAllowed.includes(name);
    if (allowed && value !== undefined) env[name] = value;
  }
  for (const [name, value] of Object.entries(place.settings.env)) {
    if (name.toUpperCase().startsWith("FRAISIER_DB_")) continue;
    // The launcher's shell would drop it in silence.
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new TargetError("unsupported", `${JSON.stringify(name)} can't be the name of a variable in env.`, {
        hint: 'Use letters, digits and "_", not beginning with a digit.',
      });
    }
    env[name] = value;
  }
  return env;
}

/**
 * The environment of a release's commands and process: beside what every child gets, `FRAISIER_RELEASE`,
 * `FRAISIER_RELEASE_PATH`, `FRAISIER_APP_PATH`, and `PORT` when the service has one.
 */
export function releaseEnvironment(
  place: Place,
  release: { readonly id: string; readonly path: string },
  port: number | null,
): ChildEnvironment {
  return {
    ...baseEnvironment(place),
    FRAISIER_RELEASE: release.id,
    FRAISIER_RELEASE_PATH: release.path,
    FRAISIER_APP_PATH: place.layout.appPath,
    ...(port === null ? {} : { PORT: String(port) }),
  };
}
