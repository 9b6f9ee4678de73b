import type { Project } from "../../config/index.ts";
import { type GlobalOptions, openProject } from "../project.ts";
import type { Finding } from "./finding.ts";
import { failure, fine } from "./findings.ts";

const SUBJECT = "project";

/** What became of reading fraises.yaml. */
export interface ProjectExamination {
  readonly findings: readonly Finding[];
  /** null where it can't be read. */
  readonly project: Project | null;
}

/** Reads fraises.yaml as a deployment would; where only variables are missing, its places can still be looked at. */
export function examineProject(options: GlobalOptions): ProjectExamination {
  try {
    const project = openProject(options, "deploy");
    const environments = [...project.fraises.values()].reduce((sum, fraise) => sum + fraise.environments.size, 0);
    const text = `${project.file} is valid: ${count(project.fraises.size, "fraise")} in ${count(environments, "environment")}`;
    return { findings: [fine(SUBJECT, "fraises.yaml", text)], project };
  } catch (error) {
    return { findings: [failure(SUBJECT, "fraises.yaml", error)], project: readable(options) };
  }
}

function readable(options: GlobalOptions): Project | null {
  try {
    return openProject(options, "read");
  } catch {
    return null; // what is wrong was found already
  }
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;
