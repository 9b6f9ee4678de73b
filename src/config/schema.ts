import * as z from "zod";
import { branchFault, healthUrlFault, pathFault, repositoryFault, sharedFault, unitFault } from "./locations.ts";
import { FRAISE_TYPES } from "./model.ts";
import { checkName } from "./names.ts";
import { command, commands, duration, freeMap, line, nameKey, scalar, text, wholeNumber } from "./values.ts";

const HOUR = 3600;
const MAP = { error: "must be a map" };

const healthCheck: z.ZodType = z
  .strictObject(
    {
      url: line(healthUrlFault).optional().describe("The URL to fetch. {port} stands for the service's port."),
      timeout: duration(0.001, HOUR).optional().describe("How long one probe may take. Default 5 seconds."),
      retries: wholeNumber(1, 10_000)
        .optional()
        .describe("How often a probe that failed is repeated before the check fails. Default 10."),
      interval: duration(0, HOUR).optional().describe("The time between two probes. Default 1 second."),
      expect_status: z
        .union(
          [
            wholeNumber(100, 599),
            z.array(wholeNumber(100, 599), { error: "must be a list" }).min(1, { error: "must not be an empty list" }),
          ],
          {
            error: "must be a status code, or a list of them",
          },
        )
        .optional()
        .describe("The status code that is healthy, or a list of them. Default 200."),
      expect_body: text((value) => (value === "" ? "must not be empty" : null))
        .optional()
        .describe("Text that the answer's body must contain."),
      stable_for: duration(0, HOUR)
        .optional()
        .describe("How long the application must stay healthy after the first good probe. Default 1 second."),
    },
    MAP,
  )
  .describe("How the running application is judged.");

const service: z.ZodType = z
  .strictObject(
    {
      start: command().optional().describe("The process that Fraisier starts, stops and restarts."),
      restart: command()
        .optional()
        .describe("The command that makes something else (systemd, say) restart the application."),
      port: z
        .union([z.literal("auto"), wholeNumber(1, 65_535)], { error: 'must be a port from 1 to 65535, or "auto"' })
        .optional()
        .describe("The port of the application, given to the process as PORT. auto: a free one, picked once and kept."),
      stop_timeout: duration(0, HOUR).optional().describe("The time between SIGTERM and SIGKILL. Default 10 seconds."),
    },
    MAP,
  )
  .describe("How a new release comes to serve.");

const secretNames: z.ZodType = z
  .array(line(), { error: "must be a list of names of variables" })
  .describe("Names of variables, in env or in the environment of the command, whose values are never shown.");

/** What may stand in an environment, and in a fraise as the default of all its environments. */
const SETTINGS: Readonly<Record<string, z.ZodType>> = {
  name: line().optional().describe("The name people know the environment by, a host name, say. Default: its key."),
  branch: line(branchFault).optional().describe("The branch or tag to deploy. Default: the repository's own."),
  git_repo: line(repositoryFault).optional().describe("Where git fetches from: a URL, user@host:path, or a path."),
  app_path: line(pathFault).optional().describe("The folder that holds releases/, shared/ and current."),
  systemd_service: line(unitFault)
    .optional()
    .describe("A systemd unit; restarted when service does not say otherwise."),
  script_path: line().optional().describe("The script that an ETL or scheduled fraise runs."),
  database: z.unknown().optional().describe("The database of the fraise, for the types that use it."),
  notifications: z.unknown().optional().describe("Who is told; not used for deployments."),
  jobs: z
    .record(nameKey(), freeMap().nullable(), MAP)
    .optional()
    .describe("The parts of a scheduled, ETL or backup fraise."),
  build: commands().optional().describe("Commands run in the new release before it serves."),
  migrate: commands().optional().describe("Commands that bring the application's database up to the new release."),
  migrate_down: commands().optional().describe("Commands that take back what migrate did."),
  service: service.optional(),
  health_check: healthCheck.optional(),
  keep_releases: wholeNumber(1, 1000).optional().describe("How many releases are kept on disk. Default 5."),
  shared: z
    .array(line(sharedFault), { error: "must be a list of paths" })
    .optional()
    .describe("Files and folders (ending in /) that all releases share."),
  env: z.record(z.string(), scalar(), MAP).optional().describe("Variables for every command and for the process."),
  secrets: secretNames.optional(),
  timeout: duration(0.001, 7 * 24 * HOUR)
    .optional()
    .describe("How long each single command may take. Default 15 minutes."),
};

const environment: z.ZodType = z.strictObject(SETTINGS, MAP).describe("One place where the fraise is deployed.");

const fraise: z.ZodType = z
  .strictObject(
    {
      type: z
        .enum(FRAISE_TYPES, { error: `must be one of ${FRAISE_TYPES.join(", ")}` })
        .describe("What kind of service it is."),
      description: text().optional().describe("What it is, for people."),
      environments: z.record(nameKey(), environment.nullable(), MAP).describe("Where it is deployed, by name."),
      git: freeMap().optional().describe("The git provider of this fraise; for webhooks."),
      ...SETTINGS,
    },
    MAP,
  )
  .describe("A service. What stands here beside environments is the default of all of them.");

/** The database in which Fraisier remembers; what goes with what is checked where it is chosen. */
const database: z.ZodType = z
  .strictObject(
    {
      type: z
        .enum(["sqlite", "postgresql", "postgres", "mysql", "mariadb"], {
          error: "must be one of sqlite, postgresql, mysql, mariadb",
        })
        .optional()
        .describe("What kind of database it is. Default: what its URL says."),
      url: line().optional().describe("Where it is: postgresql://user@host/name, mysql://…, sqlite://./fraisier.db."),
      url_file: line().optional().describe("A file that holds the URL alone, such as a mounted secret."),
      path: line().optional().describe("The file of an SQLite database, in place of a URL."),
      pool: z
        .strictObject(
          {
            min: wholeNumber(0, 10_000).optional().describe("How many connections are kept at least."),
            max: wholeNumber(1, 10_000).optional().describe("How many connections there are at most."),
            acquire_timeout: duration(0, HOUR)
              .optional()
              .describe("How long to wait for a free connection. Default 10 seconds."),
          },
          MAP,
        )
        .optional()
        .describe("Its connections."),
      statement_timeout: duration(0.001, HOUR)
        .optional()
        .describe("How long one statement may take. Default: for ever."),
    },
    MAP,
  )
  .describe("The database in which Fraisier remembers. Default: fraisier.db beside this file.");

/**
 * The shape of fraises.yaml, the one definition of it: which keys there are, and what each may hold by itself. Keys
 * that begin with `x-` are allowed everywhere and are dropped before. What depends on several keys is in checks.
 */
export const projectSchema: z.ZodType = z
  .strictObject(
    {
      name: line(checkName).optional().describe("The name of the project; part of the identity of what is deployed."),
      fraises: z.record(nameKey(), fraise, MAP).describe("The services, by name."),
      git: freeMap().optional().describe("Git providers and their webhook secrets."),
      branch_mapping: freeMap().optional().describe("Which fraise and environment a push to a branch deploys."),
      environments: freeMap().optional().describe("Facts about environments; not used for deployments."),
      database: database.optional(),
      secrets: secretNames.optional(),
    },
    { error: 'must be a map with "fraises:"' },
  )
  .describe("Fraisier's description of a project: fraises.yaml.");
