/** The parts of docs/configuration.md that are not made from the schema. The tests run its examples. */
import { fencedBlock } from "./markdown.ts";

export const INTRODUCTION: string = `Fraisier reads \`fraises.yaml\`: the file of \`--config\`, else of the variable \`FRAISIER_CONFIG\`, else the first one found from the
working folder upward. Relative paths in it are seen from its folder, \`~/\` is the home folder, and a key that it does not know
is an error with line and column; keys that begin with \`x-\` are yours. \`fraisier init\` writes a first one.

${fencedBlock(
  "sh",
  `fraisier config validate       # every problem at once, with line and column
fraisier config show           # every value that holds, secrets masked
fraisier config show --origin  # and where each was said
fraisier config schema         # a JSON Schema, with which an editor completes and checks the file`,
)}`;

export const AN_EXAMPLE: string = fencedBlock(
  "yaml",
  `name: fruit

fraises:
  shop:
    type: api
    git_repo: https://git.example.com/fruit/shop.git
    build: [npm ci, npm run build]
    service:
      start: [node, server.js]
      port: auto
    health_check:
      url: "http://127.0.0.1:{port}/health"
    env:
      API_KEY: \${API_KEY}
    environments:
      production:
        branch: main
        app_path: /srv/shop
      staging:
        branch: next
        app_path: /srv/shop-staging
        keep_releases: 2

database:
  url: postgresql://fraisier@db.example.com/fraisier
  pool:
    max: 5`,
);

export const AFTER_KEYS: string = `A **time** is in seconds, or has a unit: \`30\`, \`1.5\`, \`"500ms"\`, \`"30s"\`, \`"5m"\`, \`"1h"\`. A **command** that is a text is a line for the shell
(\`/bin/sh -e\`); one that is a list is a program with its arguments, and no shell touches it:

${fencedBlock(
  "yaml",
  `fraises:
  shop:
    type: api
    build:
      - npm ci && npm run build
      - [node, scripts/check.js, "two words"]
    timeout: 5m
    environments:
      production:
        git_repo: https://git.example.com/fruit/shop.git
        app_path: /srv/shop`,
)}`;

export const SECRETS: string = `## Variables and secrets

\`\${NAME}\` in a value stands for a variable of the environment, or of the file \`.env\` beside fraises.yaml; the environment goes
before \`.env\`. \`\${NAME:-text}\` has a default, and \`$\${NAME}\` is the text itself. A variable that is not set is an error for
what deploys, and stays as it is written for what only reads. What comes in by \`\${NAME}\`, and the variables that \`secrets:\` names, are
masked wherever something is shown or kept.

${fencedBlock(
  "yaml",
  `fraises:
  shop:
    type: api
    env:
      API_KEY: \${API_KEY}
      LOG_LEVEL: \${LOG_LEVEL:-info}
      PASSPHRASE: correct horse
    secrets: [PASSPHRASE]
    environments:
      production:
        git_repo: https://git.example.com/fruit/shop.git
        app_path: /srv/shop`,
)}

${fencedBlock("dotenv", "API_KEY=abc123")}`;

export const DATABASE_CHOICE: string = `Without any setting the database is \`sqlite://./fraisier.db\`, beside fraises.yaml (in the working folder where there is none). Each
setting is taken from the first of these that says it:

1. options in code: \`getDatabase({ options: { url } })\`;
2. variables of the environment;
3. the same variables in the file \`.env\` beside fraises.yaml;
4. \`database:\` in fraises.yaml, or in a \`config.yaml\` beside it, but not in both;
5. the default.

Where the database is (\`url\`, \`url_file\` or \`path\`) is one setting: a URL of the environment goes before a path of a file, and two of
them in one place are an error, as is a \`type\` that is not the URL's. Relative SQLite paths are seen from the working folder in code and
in the environment, and from the file's folder in a file. An empty variable says nothing.`;

export const DATABASE_PLACES: string = `How many connections there are when nothing is said, [database.md](database.md) tells, and which parameters a URL takes. A password is
percent-encoded in the URL (\`@\` is \`%40\`); it is masked wherever the URL is shown, and better kept in \`.env\` or a mounted file than in
fraises.yaml.

${fencedBlock(
  "sh",
  `FRAISIER_DB_URL=sqlite://./elsewhere.db fraisier db status           # for one command
FRAISIER_DB_URL_FILE=./database-url fraisier db status               # a mounted secret
FRAISIER_DB_PATH=./elsewhere.db fraisier db status                   # a file, without a URL
FRAISIER_DB_STATEMENT_TIMEOUT=10s fraisier config show --origin      # no statement longer than that
fraisier db check                                                    # whether it can be used`,
)}

In \`.env\`:

${fencedBlock("dotenv", "FRAISIER_DB_URL=sqlite://./state/fraisier.db\nFRAISIER_DB_POOL_MAX=4")}

In fraises.yaml:

${fencedBlock(
  "yaml",
  `fraises:
  shop:
    type: api
    environments:
      production:
        git_repo: https://git.example.com/fruit/shop.git
        app_path: /srv/shop

database:
  type: postgresql
  url: postgresql://fraisier:\${DATABASE_PASSWORD}@db.example.com/fraisier
  pool:
    min: 1
    max: 5
    acquire_timeout: 5s
  statement_timeout: 30s`,
)}

The programs that Fraisier runs never see a \`FRAISIER_DB_\` variable.`;
