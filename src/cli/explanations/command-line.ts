import type { Explained } from "./explanation.ts";

type CommandLineErrorKind =
  | "usage"
  | "deployment_not_found"
  | "interrupted"
  | "terminated"
  | "output_lost"
  | "demo_failed"
  | "unexpected";

/** What the commands themselves report. */
export const COMMAND_LINE_EXPLANATIONS: Readonly<Record<CommandLineErrorKind, Explained>> = {
  usage: {
    meaning: "the command was typed wrongly",
    causes: ["a misspelt command or option", "an argument too few or too many", "a value of the wrong kind"],
    next: "fraisier --help",
  },
  deployment_not_found: {
    meaning: "no deployment has that id",
    causes: ["it is misspelt", "another database is used than when it was deployed"],
    next: "fraisier history",
  },
  interrupted: {
    meaning: "Ctrl-C ended the command; what it had begun was undone",
    causes: ["Ctrl-C", "the terminal was closed"],
    next: "fraisier status",
  },
  terminated: {
    meaning: "SIGTERM ended the command; what it had begun was undone",
    causes: ["kill", "the machine is shutting down", "a CI run that was cancelled or took too long"],
    next: "fraisier status",
  },
  output_lost: {
    meaning: "what was printed could not be written, though the command did its work",
    causes: ["the disk that stdout goes to is full"],
    next: "fraisier status",
  },
  demo_failed: {
    meaning: "the demo did not end as it should",
    causes: ["git is missing", "the machine is very slow", "a mistake of Fraisier's"],
    next: "fraisier doctor",
  },
  unexpected: {
    meaning: "something happened that nobody thought of",
    causes: ["a mistake of Fraisier's: please report it with what fraisier version prints"],
    next: "fraisier version",
  },
};
