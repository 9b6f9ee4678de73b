import type { TargetErrorKind } from "../../targets/index.ts";
import type { Advice } from "./explanation.ts";

/** What the place of a deployment reports; it says itself what each kind means. */
export const TARGET_ADVICE: Readonly<Record<TargetErrorKind, Advice>> = {
  command_failed: {
    causes: [
      "the command itself reports an error",
      "its program is not installed",
      "a variable that it needs is missing",
    ],
    next: "fraisier history --status failed",
  },
  command_timeout: {
    causes: ["timeout: is too short for it", "it waits for input that never comes"],
    next: "fraisier history --status failed",
  },
  ref_not_found: { causes: ["it is misspelt", "it was not pushed yet"], next: "fraisier list" },
  repository_unreachable: {
    causes: [
      "no key or password that the repository accepts",
      "the network or the git server is down",
      "a wrong git_repo",
    ],
    next: "fraisier doctor",
  },
  guard_held: { causes: ["another deployment is going on there"], next: "fraisier status-all" },
  stale_token: {
    causes: ["the machine slept, or the process was stopped, while another deployment took over"],
    next: "fraisier status-all",
  },
  port_taken: {
    causes: ["another program uses the port", "the service was also started by hand or by systemd"],
    next: "fraisier doctor",
  },
  process_unstoppable: {
    causes: ["another user, such as root, deployed before"],
    next: "fraisier doctor",
  },
  release_broken: {
    causes: ["files below app_path were deleted or changed by hand", "the disk was full"],
    next: "fraisier doctor",
  },
  release_exists: { causes: ["a folder was put into releases/ by hand"], next: "fraisier status" },
  release_in_use: { causes: ["current was changed meanwhile"], next: "fraisier status" },
  shared_missing: {
    causes: ["a file of shared: was never put into app_path/shared"],
    next: "fraisier config show --origin",
  },
  app_path_unusable: {
    causes: [
      "this user may not write there",
      "the disk is full or read-only",
      "something that is no folder is in the way",
    ],
    next: "fraisier doctor",
  },
  unsupported: {
    causes: ["git is missing or too old", "the repository uses what Fraisier does not fetch"],
    next: "fraisier doctor",
  },
};
