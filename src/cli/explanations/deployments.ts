import type { DeployErrorKind } from "../../deploy/index.ts";
import type { Explained } from "./explanation.ts";

/** What a deployment or rollback reports. */
export const DEPLOYMENT_EXPLANATIONS: Readonly<Record<DeployErrorKind, Explained>> = {
  type_not_supported: {
    meaning: "a fraise of this type cannot be deployed yet",
    causes: ["its type: is etl, scheduled or backup"],
    next: "fraisier list",
  },
  nothing_to_roll_back_to: {
    meaning: "no release before the present one ever served healthily",
    causes: ["it is the first deployment", "older releases were removed (keep_releases)"],
    next: "fraisier history",
  },
  release_not_found: {
    meaning: "the release to go back to is not known, or not whole on the disk",
    causes: ["a misspelt --to", "older releases were removed (keep_releases)"],
    next: "fraisier history",
  },
  already_live: {
    meaning: "the release to go back to is the one that serves",
    causes: ["somebody has rolled back already"],
    next: "fraisier status",
  },
  ledger_unavailable: {
    meaning: "the database stopped answering while a deployment went on, so its end could not be written",
    causes: ["the database server went down", "the disk is full", "the connection broke"],
    next: "fraisier db check",
  },
  cancelled: {
    meaning: "a deployment was ended before its end",
    causes: ["Ctrl-C", "the CI run was cancelled"],
    next: "fraisier history",
  },
};
