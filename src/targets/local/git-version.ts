import { TargetError } from "../errors.ts";

/** The oldest git that reads its configuration from GIT_CONFIG_COUNT. */
const OLDEST = [2, 31] as const;

/**
 * Makes sure that git is recent enough.
 *
 * @param version what `git version` prints
 * @throws TargetError `unsupported`
 */
export function assertGitVersion(version: string): void {
  const [major = 0, minor = 0] = version.match(/\d+/g)?.map(Number) ?? [];
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new TargetError("unsupported", `This is ${version}; Fraisier needs git ${OLDEST.join(".")} or newer.`, {
    hint: "Install a newer git, or set PATH under env to where one is.",
  });
}
