import type { EXIT } from "./exit-codes.ts";

/** What `--help` and docs/cli.md say of a command beyond its arguments and options. */
export interface Reference {
  /** What it can end with; every command can also fail (1) for a reason that nobody thought of. */
  readonly exits: readonly (keyof typeof EXIT)[];
  readonly examples: readonly Example[];
}

/** A command line, and what it is for. */
export type Example = readonly [line: string, purpose: string];

/** What the arguments of the commands stand for, by their names. */
export const ARGUMENTS: Readonly<Record<string, string>> = {
  fraise: "a service that fraises.yaml declares",
  environment: "an environment of it",
  deployment: "the id of a deployment, or its first or last hex digits: 4 or more",
  error: "a kind of error, as --json has it",
  shell: "bash, zsh or fish",
  version: "the number of a migration",
  name: "what the migration does, in a word or a few",
};

const READS_FILES: Reference["exits"] = ["done", "usage", "configuration"];
const READS_LEDGER: Reference["exits"] = [...READS_FILES, "ledgerUnavailable"];
const FINDS: Reference["exits"] = [...READS_LEDGER, "notFound"];
const INTERRUPTIBLE: Reference["exits"] = ["interrupted", "terminated"];
const DEPLOYS: Reference["exits"] = [
  "done",
  "failed",
  "usage",
  "configuration",
  "locked",
  "rolledBack",
  "ledgerUnavailable",
  "notFound",
  ...INTERRUPTIBLE,
];
const MIGRATES: Reference["exits"] = [...READS_FILES, "locked", "ledgerUnavailable", "notFound", ...INTERRUPTIBLE];

/** Every command, by its full name. Each example is run by a test. */
export const REFERENCE: Readonly<Record<string, Reference>> = {
  list: {
    exits: READS_FILES,
    examples: [
      ["fraisier list", "what is declared, as a table"],
      ["fraisier list --flat", "a line for each place, for scripts"],
    ],
  },
  deploy: {
    exits: DEPLOYS,
    examples: [
      ["fraisier deploy shop production --dry-run", "what would be done, step by step; nothing is written"],
      ["fraisier deploy shop production", "the newest commit of its branch"],
      ["fraisier deploy shop production --ref v1.4.2", "a tag, a branch or a commit"],
      ["fraisier deploy shop production --force", "again, although it is in service already"],
      ["fraisier deploy shop production --json", "an event a line, then the result"],
    ],
  },
  rollback: {
    exits: DEPLOYS,
    examples: [
      ["fraisier rollback shop production", "to the last release that served healthily"],
      ["fraisier rollback shop production --to 5e0c91d4", "to the release of a given deployment"],
    ],
  },
  status: {
    exits: [...FINDS, "failed"],
    examples: [
      ["fraisier status", "all that is declared"],
      ["fraisier status shop production", "all that is known of one place"],
    ],
  },
  "status-all": {
    exits: READS_LEDGER,
    examples: [
      ["fraisier status-all", "every place, with a look at whether it answers"],
      ["fraisier status-all --environment production --json", "for a monitor"],
    ],
  },
  history: {
    exits: READS_LEDGER,
    examples: [
      ["fraisier history", "the last 20 deployments"],
      ["fraisier history --fraise shop --environment production --number 5", "of one place"],
      ["fraisier history --since 3d --status failed,rolled_back", "what went wrong lately"],
    ],
  },
  show: {
    exits: FINDS,
    examples: [["fraisier show 5e0c91d4", "its steps, probes, reason, and the application's last words"]],
  },
  logs: {
    exits: FINDS,
    examples: [
      ["fraisier logs 5e0c91d4", "what all of its steps printed"],
      ["fraisier logs 5e0c91d4 --step build", "one step"],
    ],
  },
  stats: {
    exits: READS_LEDGER,
    examples: [
      ["fraisier stats", "the last 30 days"],
      ["fraisier stats --fraise shop --days 7 --json", "a week of one fraise, for a report"],
    ],
  },
  webhooks: { exits: READS_LEDGER, examples: [["fraisier webhooks --number 5", "the last five"]] },
  doctor: {
    exits: ["done", "failed", "usage", "configuration", "ledgerUnavailable", "notFound"],
    examples: [
      ["fraisier doctor", "before the first deployment, and when something is odd"],
      ["fraisier doctor --timeout 60 --json", "where a server is slow; for scripts"],
    ],
  },
  init: { exits: READS_FILES, examples: [["fraisier init", "in the folder of the application"]] },
  "config validate": { exits: READS_FILES, examples: [["fraisier config validate", "before a commit"]] },
  "config show": {
    exits: READS_FILES,
    examples: [
      ["fraisier config show", "every value that holds"],
      ["fraisier config show --origin", "and where it was said"],
    ],
  },
  "config schema": {
    exits: ["done", "usage"],
    examples: [["fraisier config schema", "for an editor that completes and checks YAML"]],
  },
  "db status": { exits: READS_LEDGER, examples: [["fraisier db status", "which database, and which migrations"]] },
  "db check": {
    exits: READS_LEDGER,
    examples: [
      ["fraisier db check", "whether it answers, can be written, is up to date, and has room"],
      ["fraisier db check --timeout 3 --json", "for a monitor"],
    ],
  },
  "db migrate": {
    exits: MIGRATES,
    examples: [
      ["fraisier db migrate --dry-run", "the statements, without running them"],
      ["fraisier db migrate", "after an update of fraisier"],
    ],
  },
  "db down": { exits: MIGRATES, examples: [["fraisier db down --dry-run", "what would be taken back"]] },
  "db redo": { exits: MIGRATES, examples: [["fraisier db redo --dry-run", "the statements, without running them"]] },
  "db baseline": {
    exits: MIGRATES,
    examples: [
      [
        "fraisier db baseline 3 --directory migrations",
        "for tables of yours, in FRAISIER_DB_URL, that were made by other means",
      ],
    ],
  },
  "db repair": { exits: MIGRATES, examples: [["fraisier db repair", "after a migration that was interrupted"]] },
  "db new": {
    exits: [...READS_FILES, "ledgerUnavailable"],
    examples: [["fraisier db new create_customers", "a file for your own tables, in migrations/"]],
  },
  version: { exits: ["done", "usage"], examples: [["fraisier version", "for a report of a mistake"]] },
  explain: {
    exits: ["done", "usage"],
    examples: [
      ["fraisier explain", "every kind there is"],
      ["fraisier explain connection_refused", "one of them"],
    ],
  },
  completion: {
    exits: ["done", "usage"],
    examples: [
      ["fraisier completion bash", 'in ~/.bashrc: eval "$(fraisier completion bash)"'],
      ["fraisier completion zsh", 'in ~/.zshrc, after compinit: eval "$(fraisier completion zsh)"'],
      ["fraisier completion fish", "into ~/.config/fish/completions/fraisier.fish"],
    ],
  },
  demo: {
    exits: ["done", "failed", ...READS_LEDGER.slice(1), ...INTERRUPTIBLE],
    examples: [["fraisier demo", "in a folder of its own, with SQLite"]],
  },
};
