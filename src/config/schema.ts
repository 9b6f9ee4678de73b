import * as z from "zod/mini";
import { branchFault, healthUrlFault, pathFault, repositoryFault, sharedFault, unitFault } from "./locations.ts";
import { FRAISE_TYPES } from "./model.ts";
import { checkName } from "./names.ts";
import {
  command,
  commands,
  duration,
  freeMap,
  line,
  nameKey,
  optional,
  type Schema,
  scalar,
  text,
  wholeNumber,
} from "./values.ts";

const HOUR = 3600;
const MAP = { error: "must be a map" };

const healthCheck: Schema = z
  .strictObject(
    {
      url: optional(line(healthUrlFault), "The URL to fetch. {port} stands for the service's port."),
      timeout: optional(duration(0.001, HOUR), "How long one probe may take. Default 5 seconds."),
      retries: optional(
        wholeNumber(1, 10_000),
        "How often a probe that failed is repeated before the check fails. Default 10.",
      ),
      interval: optional(duration(0, HOUR), "The time between two probes. Default 1 second."),
      expect_status: optional(
        z.union(
          [
            wholeNumber(100, 599),
            z
              .array(wholeNumber(100, 599), { error: "must be a list" })
              .check(z.minLength(1, { error: "must not be an empty list" })),
          ],
          {
            error: "must be a status code, or a list of them",
          },
        ),
        "The status code that is healthy, or a list of them. Default 200.",
      ),
      expect_body: optional(
        text((value) => (value === "" ? "must not be empty" : null)),
        "Text that the answer's body must contain.",
      ),
      stable_for: optional(
        duration(0, HOUR),
        "How long the application must stay healthy after the first good probe. Default 1 second.",
      ),
    },
    MAP,
  )
  .register(z.globalRegistry, { description: "How the running application is judged." });

const service: Schema = z
  .strictObject(
    {
      start: optional(command(), "The process that Fraisier starts, stops and restarts."),
      restart: optional(command(), "The command that makes something else (systemd, say) restart the application."),
      port: optional(
        z.union([z.literal("auto"), wholeNumber(1, 65_535)], { error: 'must be a port from 1 to 65535, or "auto"' }),
        "The port of the application, given to the process as PORT. auto: a free one, picked once and kept.",
      ),
      stop_timeout: optional(duration(0, HOUR), "The time between SIGTERM and SIGKILL. Default 10 seconds."),
    },
    MAP,
  )
  .register(z.globalRegistry, { description: "How a new release comes to serve." });

const secretNames: Schema = z
  .array(line(), { error: "must be a list of names of variables" })
  .register(z.globalRegistry, {
    description: "Names of variables, in env or in the environment of the command, whose values are never shown.",
  });

/** What may stand in an environment, and in a fraise as the default of all its environments. */
const SETTINGS: Readonly<Record<string, Schema>> = {
  name: optional(line(), "The name people know the environment by, a host name, say. Default: its key."),
  branch: optional(line(branchFault), "The branch or tag to deploy. Default: the repository's own."),
  git_repo: optional(line(repositoryFault), "Where git fetches from: a URL, user@host:path, or a path."),
  app_path: optional(line(pathFault), "The folder that holds releases/, shared/ and current."),
  systemd_service: optional(line(unitFault), "A systemd unit; restarted when service does not say otherwise."),
  script_path: optional(line(), "The script that an ETL or scheduled fraise runs."),
  database: optional(z.unknown(), "The database of the fraise, for the types that use it."),
  notifications: optional(z.unknown(), "Who is told; not used for deployments."),
  jobs: optional(z.record(nameKey(), z.nullable(freeMap()), MAP), "The parts of a scheduled, ETL or backup fraise."),
  build: optional(commands(), "Commands run in the new release before it serves."),
  migrate: optional(commands(), "Commands that bring the application's database up to the new release."),
  migrate_down: optional(commands(), "Commands that take back what migrate did."),
  service: z.optional(service),
  health_check: z.optional(healthCheck),
  keep_releases: optional(wholeNumber(1, 1000), "How many releases are kept on disk. Default 5."),
  shared: optional(
    z.array(line(sharedFault), { error: "must be a list of paths" }),
    "Files and folders (ending in /) that all releases share.",
  ),
  env: optional(z.record(z.string(), scalar(), MAP), "Variables for every command and for the process."),
  secrets: z.optional(secretNames),
  timeout: optional(duration(0.001, 7 * 24 * HOUR), "How long each single command may take. Default 15 minutes."),
};

const environment: Schema = z
  .strictObject(SETTINGS, MAP)
  .register(z.globalRegistry, { description: "One place where the fraise is deployed." });

const fraise: Schema = z
  .strictObject(
    {
      type: z
        .enum(FRAISE_TYPES, { error: `must be one of ${FRAISE_TYPES.join(", ")}` })
        .register(z.globalRegistry, { description: "What kind of service it is." }),
      description: optional(text(), "What it is, for people."),
      environments: z
        .record(nameKey(), z.nullable(environment), MAP)
        .register(z.globalRegistry, { description: "Where it is deployed, by name." }),
      git: optional(freeMap(), "The git provider of this fraise; for webhooks."),
      ...SETTINGS,
    },
    MAP,
  )
  .register(z.globalRegistry, {
    description: "A service. What stands here beside environments is the default of all of them.",
  });

/** The database in which Fraisier remembers; what goes with what is checked where it is chosen. */
const database: Schema = z
  .strictObject(
    {
      type: optional(
        z.enum(["sqlite", "postgresql", "postgres", "mysql", "mariadb"], {
          error: "must be one of sqlite, postgresql, mysql, mariadb",
        }),
        "What kind of database it is. Default: what its URL says.",
      ),
      url: optional(line(), "Where it is: postgresql://user@host/name, mysql://…, sqlite://./fraisier.db."),
      url_file: optional(line(), "A file that holds the URL alone, such as a mounted secret."),
      path: optional(line(), "The file of an SQLite database, in place of a URL."),
      pool: optional(
        z.strictObject(
          {
            min: optional(wholeNumber(0, 10_000), "How many connections are kept at least."),
            max: optional(wholeNumber(1, 10_000), "How many connections there are at most."),
            acquire_timeout: optional(duration(0, HOUR), "How long to wait for a free connection. Default 10 seconds."),
          },
          MAP,
        ),
        "Its connections.",
      ),
      statement_timeout: optional(duration(0.001, HOUR), "How long one statement may take. Default: for ever."),
    },
    MAP,
  )
  .register(z.globalRegistry, {
    description: "The database in which Fraisier remembers. Default: fraisier.db beside this file.",
  });

/**
 * The shape of fraises.yaml, the one definition of it: which keys there are, and what each may hold by itself. Keys
 * that begin with `x-` are allowed everywhere and are dropped before. What depends on several keys is in checks.
 */
export const projectSchema: Schema = z
  .strictObject(
    {
      name: optional(line(checkName), "The name of the project; part of the identity of what is deployed."),
      fraises: z.record(nameKey(), fraise, MAP).register(z.globalRegistry, { description: "The services, by name." }),
      git: optional(freeMap(), "Git providers and their webhook secrets."),
      branch_mapping: optional(freeMap(), "Which fraise and environment a push to a branch deploys."),
      environments: optional(freeMap(), "Facts about environments; not used for deployments."),
      database: z.optional(database),
      secrets: z.optional(secretNames),
    },
    { error: 'must be a map with "fraises:"' },
  )
  .register(z.globalRegistry, { description: "Fraisier's description of a project: fraises.yaml." });
