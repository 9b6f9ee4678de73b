import type { Project } from "../../config/index.ts";
import { createMasker } from "../../deploy/index.ts";
import { TargetError } from "../../targets/index.ts";
import { targetOf } from "../deploy-context.ts";
import { exitCodeOf } from "../exit-codes.ts";
import type { Place } from "../project.ts";
import type { Finding } from "./finding.ts";
import { failure, fine } from "./findings.ts";
import { within } from "./within.ts";

/** Looks at every place on this machine: its folder, its port, its disk, and the repository it is fetched from. */
export async function examinePlaces(project: Project, signal: AbortSignal): Promise<Finding[]> {
  const places = [...project.fraises.values()]
    .filter(({ type }) => type === "api")
    .flatMap((fraise) => [...fraise.environments.values()].map((environment) => ({ project, fraise, environment })))
    .filter(({ environment }) => environment.appPath !== null);
  const mask = createMasker(project.secretValues);
  const repositories = new Map<string, Promise<unknown>>();
  const found = await Promise.all(
    places.map(async (place) => {
      // One after the other for each repository: a server may take so many calls at once for an attack.
      const url = place.environment.gitRepo ?? "";
      const repository = (repositories.get(url) ?? Promise.resolve()).then(() => examineRepository(place, signal));
      repositories.set(url, repository);
      return [...(await examineFolder(place, signal)), await repository];
    }),
  );
  return found
    .flat()
    .map((finding) => ({ ...finding, text: mask(finding.text), hint: finding.hint && mask(finding.hint) }));
}

const subjectOf = ({ fraise, environment }: Place): string => `${fraise.name} ${environment.key}`;

async function examineFolder(place: Place, signal: AbortSignal): Promise<Finding[]> {
  const subject = subjectOf(place);
  try {
    const checks = await within(targetOf(place).checkup(), signal);
    return checks.map((check) => ({ subject, ...check, exitCode: check.kind === null ? 0 : exitCodeOf(check) }));
  } catch (error) {
    if (!signal.aborted) return [failure(subject, "folder", error)];
    return [
      failure(
        subject,
        "folder",
        new TargetError("app_path_unusable", TOO_LATE, { hint: "See whether its disk hangs." }),
      ),
    ];
  }
}

async function examineRepository(place: Place, signal: AbortSignal): Promise<Finding> {
  const [subject, name] = [subjectOf(place), "repository"];
  try {
    const { ref, commit } = await targetOf(place).resolveRef(place.environment.branch, signal);
    return fine(subject, name, `${ref} is ${commit?.slice(0, 10) ?? "there"}`);
  } catch (error) {
    if (!signal.aborted) return failure(subject, name, error);
    const hint =
      "See whether its server can be reached: git ls-remote; or give more time: fraisier doctor --timeout 60";
    return failure(subject, name, new TargetError("repository_unreachable", TOO_LATE, { hint }));
  }
}

const TOO_LATE = "No answer in time.";
